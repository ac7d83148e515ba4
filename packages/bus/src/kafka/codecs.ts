import { promisify } from 'node:util';
import { unzip, zstdDecompress } from 'node:zlib';
import { LetheError } from '@lethe/contracts';
import { decompressLz4 } from './decompress-lz4.ts';
import { decompressSnappy } from './decompress-snappy.ts';
import { damaged, tooLarge } from './decompressed.ts';

/** What kafkajs asks for a compression. */
export interface Codec {
  compress(): Promise<never>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

const gunzip = promisify(unzip);
const unzstd = promisify(zstdDecompress);

/**
 * What foreign producers may compress with, by kafkajs's names. kafkajs has gzip only, and gives a
 * consumer up at anything else, again and again: one batch would stop its partition for good.
 * Nothing is written compressed here.
 *
 * @param limitBytes what a batch may become, at most: `capacity` above it
 */
export function codecsUpTo(limitBytes: number) {
  const options = { maxOutputLength: limitBytes };
  const bounded = async (decompressing: Promise<Buffer>): Promise<Buffer> => {
    try {
      return await decompressing;
    } catch (thrown) {
      const isTooLarge = (thrown as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
      throw isTooLarge ? tooLarge(limitBytes) : damaged();
    }
  };
  return {
    GZIP: { compress, decompress: (bytes) => bounded(gunzip(bytes, options)) },
    Snappy: { compress, decompress: async (bytes) => decompressSnappy(bytes, limitBytes) },
    LZ4: { compress, decompress: async (bytes) => decompressLz4(bytes, limitBytes) },
    ZSTD: { compress, decompress: (bytes) => bounded(unzstd(bytes, options)) },
  } as const satisfies Record<string, Codec>;
}

async function compress(): Promise<never> {
  throw new LetheError('internal', 'records are written uncompressed');
}
