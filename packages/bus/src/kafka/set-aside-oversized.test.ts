import { LetheError } from '@lethe/contracts';
import { expect, it } from 'vitest';
import { setAsideOversized } from './set-aside-oversized.ts';

/** Another batch before it, then one of 3 records from offset 40 on, packed with lz4. */
function fetched(): { buffer: Buffer; offset: number } {
  const [before, sizeBytes] = [10, 80];
  const buffer = Buffer.alloc(before + sizeBytes + 5, 7);
  buffer.writeBigInt64BE(40n, before);
  buffer.writeInt32BE(sizeBytes - 12, before + 8);
  buffer.writeInt16BE(0x13, before + 21);
  buffer.writeInt32BE(2, before + 23);
  buffer.writeBigInt64BE(1_700_000_000_000n, before + 35);
  buffer.writeBigInt64BE(9n, before + 43);
  return { buffer, offset: before };
}

it('has one record stand for a batch that is too large, at its end, with all of its bytes', async () => {
  const reader = fetched();
  const decode = setAsideOversized(async (advancing) => {
    Object.assign(advancing, { offset: advancing.buffer.length - 5 });
    throw new LetheError('capacity', 'it has more than 9 bytes');
  });
  const { records } = await decode(reader);
  expect(records).toMatchObject([
    {
      ...{ offset: '42', timestamp: '1700000000000', key: null, isControlRecord: false },
      batchContext: { producerId: '9', inTransaction: true },
      fault: {
        code: 'invalid',
        message: expect.stringMatching(/9 bytes, packed with lz4: none of its 3 .*40–42/),
      },
    },
  ]);
  const [{ value }] = records as [{ value: Buffer }];
  expect(value).toEqual(reader.buffer.subarray(10, 90));
});

it.each([new LetheError('corrupt', 'damaged'), new RangeError('of kafkajs')])(
  'passes on what else goes wrong: %s',
  async (error) => {
    const decode = setAsideOversized(async () => {
      throw error;
    });
    await expect(decode(fetched())).rejects.toBe(error);
  },
);
