import { expect, test } from 'vitest';
import { TransactionalLog } from './transactional-log.ts';

const marker = (type: number) => Buffer.from([0, 0, 0, type]);

function logOf(...records: (readonly [producerId: string, kind: string])[]): string[] {
  const log = new TransactionalLog(0);
  for (const [offset, [producerId, kind]] of records.entries()) {
    const isControlRecord = kind === 'commit' || kind === 'abort';
    log.read({
      offset: String(offset),
      key: isControlRecord ? marker(kind === 'commit' ? 1 : 0) : null,
      value: Buffer.from(kind),
      isControlRecord,
      batchContext: { producerId, inTransaction: producerId !== 'plain' },
    });
  }
  return log.committed().map(({ value }) => Buffer.from(value).toString());
}

test('holds what was committed, not what was aborted or is open, in the order of the log', () => {
  expect(
    logOf(
      ['1', 'a'],
      ['2', 'b'],
      ['plain', 'c'],
      ['2', 'abort'],
      ['1', 'd'],
      ['2', 'e'],
      ['1', 'commit'],
      ['2', 'commit'],
      ['1', 'f'],
    ),
  ).toEqual(['a', 'c', 'd', 'e']);
});

test('passes over what it has read before', () => {
  const log = new TransactionalLog(3);
  const plain = { producerId: '-1', inTransaction: false };
  for (const offset of ['0', '1', '0', '1', '2']) {
    log.read({ offset, key: Buffer.from('k'), value: Buffer.from(offset), batchContext: plain });
  }
  expect(log.committed().map(({ offset }) => offset)).toEqual([0n, 1n, 2n]);
});
