import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { codecsUpTo } from './codecs.ts';
import { decompressLz4 } from './decompress-lz4.ts';
import { decompressSnappy } from './decompress-snappy.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const ascii = (text: string) => Buffer.from(text).toString('hex');
const limitBytes = 200_000;
const codecs = codecsUpTo(limitBytes);

// The blocks are put together by hand, after the descriptions of the formats.
describe('decompressSnappy', () => {
  // 10 bytes: the literal "abc", a copy of 6 from 3 back, the literal "X".
  const block = `0a 08${ascii('abc')} 09 03 00${ascii('X')}`;

  it('reads a bare block, whose copies may reach into what they make', () => {
    expect(decompressSnappy(hex(block), 10).toString()).toBe('abcabcabcX');
  });

  it('reads blocks in the frame of the Java client', () => {
    const frame = `82 534e41505059 00 00000001 00000001 00000009 ${block} 00000009 ${block}`;
    expect(decompressSnappy(hex(frame), 20).toString()).toBe('abcabcabcXabcabcabcX');
  });

  it('reads long literals, and copies from far back', () => {
    const long = 'x'.repeat(70).concat('y'.repeat(230));
    // 300 bytes in a literal whose length takes two bytes; then 4 from 300 back, twice: by two
    // bytes of distance, and by four.
    const text = `b4 02 f4 2b01 ${ascii(long)} 0e 2c01 0f 30010000`;
    expect(decompressSnappy(hex(text), 400).toString()).toBe(`${long}xxxxxxxx`);
  });
});

describe('decompressLz4', () => {
  const frame = (...blocks: string[]) => hex(`04224d18 60 40 82 ${blocks.join('')} 00000000`);

  it('reads blocks that copy from those before, and stored ones', () => {
    // "abc" and 6 bytes from 3 back, ending with "X"; a stored "YZ"; 4 bytes from 12 back, "!".
    const blocks = [
      `08000000 32${ascii('abc')} 0300 10${ascii('X')} `,
      `02000080 ${ascii('YZ')} `,
      '05000000 00 0c00 10 21 ',
    ];
    expect(decompressLz4(frame(...blocks), 100).toString()).toBe('abcabcabcXYZabca!');
  });

  it('reads lengths above 15, and passes over what else a frame may hold', () => {
    // 17 literals, then 20 bytes from 1 back; sizes of the content and checksums of the blocks.
    const block = `ff 02 ${ascii('0123456789abcdefg')} 0100`;
    const text = `04224d18 58 40 2500000000000000 82 16000000 ${block} 01 cafebabe 00000000`;
    expect(decompressLz4(hex(text), 100).toString()).toBe(`0123456789abcdefg${'g'.repeat(20)}`);
  });
});

describe('codecsUpTo', () => {
  it.each([
    ['Snappy', 'ff'],
    ['Snappy', '0a 08 61'],
    ['Snappy', '0a 09 03'],
    ['LZ4', '04224d18 60 40'],
    ['LZ4', '04224d18 60 40 82 04000000 00 0c00 10'],
    ['LZ4', '00000000 00000000'],
    ['GZIP', '1f8b'],
    ['ZSTD', '00000000'],
  ] as const)('call %s of %j damaged', async (name, bytes) => {
    await expect(codecs[name].decompress(hex(bytes))).rejects.toMatchObject({ code: 'corrupt' });
  });

  it('give up at what would fill the memory', async () => {
    const zeros = Buffer.alloc(limitBytes + 1);
    // A literal of one byte, then 64 bytes from one back, again and again.
    const snappy = hex(`00 00 00 ${'fe 0100 '.repeat(limitBytes / 64)}`);
    // The same, with a match of 4 + 15 + 800 * 255 bytes.
    const block = `1f 00 0100 ${'ff'.repeat(800)} 00`;
    const lz4 = hex(`04224d18 60 40 82 25030000 ${block} 00000000`);
    for (const [name, bytes] of [
      ['GZIP', gzipSync(zeros)],
      ['ZSTD', zstdCompressSync(zeros)],
      ['Snappy', snappy],
      ['LZ4', lz4],
    ] as const) {
      const error = { code: 'capacity', message: expect.stringContaining('more than 200000') };
      await expect(codecs[name].decompress(bytes)).rejects.toMatchObject(error);
    }
  });
});
