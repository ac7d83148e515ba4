import { LetheError } from '@lethe/contracts';
import { splitPrefix } from '../object-key.ts';

/** Where a bucket is. */
export interface S3Address {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly bucket: string;
  /** What every key in the bucket begins with: empty, or ending with a slash. */
  readonly prefix: string;
}

const form = 'Use s3:https://HOST:PORT/BUCKET or s3:https://HOST:PORT/BUCKET/PREFIX.';

/**
 * Reads `s3:https://HOST[:PORT]/BUCKET[/PREFIX]`. Keys have no place in it: they come from files.
 *
 * @throws LetheError `invalid`
 */
export function parseS3Address(address: string): S3Address {
  const problem = (what: string) =>
    LetheError.invalid('store', withoutSecrets(address), what, form);
  const text = address.replace(/^s3:/, '');
  if (text === address || !URL.canParse(text)) throw problem('is no address of a bucket');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw problem('names no http server');
  if (url.username !== '' || url.password !== '') {
    throw problem('holds a key, which belongs into a file (store-access-key-file)');
  }
  if (url.search !== '' || url.hash !== '') throw problem('has something after the path');
  const [bucket = '', ...rest] = url.pathname.slice(1).split('/');
  if (!isBucketName(bucket)) {
    throw problem('names no bucket: 3 to 63 of a-z, 0-9, "-" and ".", not an IP address');
  }
  const parts = rest.filter((part) => part !== '');
  const prefix = parts.map((part) => `${part}/`).join('');
  splitPrefix(prefix);
  const tls = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { host, port: Number(url.port) || (tls ? 443 : 80), tls, bucket, prefix };
}

/** The rules of S3; minio-js checks them too, with a message that does not name the setting. */
function isBucketName(name: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes('..') &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name)
  );
}

function withoutSecrets(address: string): string {
  return address.replace(/\/\/[^/@]*@/, '//…@');
}
