import { describe, expect, it } from 'vitest';
import { filterAborted, type LoggedRecord } from './filter-aborted.ts';

type Kind = 'record' | 'commit' | 'abort' | 'outside';

function log(...entries: readonly (readonly [offset: number, producer: string, kind: Kind])[]) {
  return entries.map(([offset, producerId, kind]): LoggedRecord => {
    const isControlRecord = kind === 'commit' || kind === 'abort';
    const key = isControlRecord ? Uint8Array.of(0, 0, 0, kind === 'commit' ? 1 : 0) : null;
    const batchContext = { producerId, inTransaction: kind !== 'outside' };
    return { offset: String(offset), key, isControlRecord, batchContext };
  });
}

function visible(
  messages: readonly LoggedRecord[],
  aborted: readonly (readonly [producerId: string, firstOffset: number])[],
): string[] {
  const abortedTransactions = aborted.map(([producerId, first]) => ({
    producerId,
    firstOffset: String(first),
  }));
  return filterAborted({ messages, abortedTransactions })
    .filter(({ isControlRecord }) => !isControlRecord)
    .map(({ offset }) => offset);
}

describe('filterAborted', () => {
  it('leaves everything when nothing was aborted', () => {
    const messages = log([0, 'a', 'record'], [1, 'a', 'commit'], [2, '-1', 'outside']);
    expect(visible(messages, [])).toEqual(['0', '2']);
    expect(filterAborted({ messages, abortedTransactions: null })).toBe(messages);
  });

  it('takes out what interleaved transactions aborted, in whatever order they ended', () => {
    const messages = log(
      [0, 'a', 'record'],
      [1, 'b', 'record'],
      [2, 'c', 'record'],
      [3, 'b', 'abort'],
      [4, 'c', 'commit'],
      [5, 'a', 'record'],
      [6, 'a', 'abort'],
    );
    // The broker lists b first, because it ended first.
    expect(
      visible(messages, [
        ['b', 1],
        ['a', 0],
      ]),
    ).toEqual(['2']);
  });

  it('knows all transactions that began before the first record it sees', () => {
    const messages = log([8, 'b', 'record'], [9, 'a', 'record'], [10, 'a', 'abort']);
    expect(
      visible(messages, [
        ['a', 3],
        ['b', 5],
      ]),
    ).toEqual([]);
  });

  it('shows what a producer commits after it aborted, and what it writes outside', () => {
    const messages = log(
      [0, 'a', 'record'],
      [1, 'a', 'abort'],
      [2, 'a', 'record'],
      [3, 'a', 'commit'],
      [4, 'a', 'record'],
      [5, 'a', 'outside'],
      [6, 'a', 'abort'],
    );
    expect(
      visible(messages, [
        ['a', 0],
        ['a', 4],
      ]),
    ).toEqual(['2', '5']);
  });

  it('takes no record for a marker because of its key', () => {
    const [first, second] = log([0, 'a', 'record'], [1, 'a', 'record']);
    const messages = [{ ...first!, key: Uint8Array.of(0, 0, 0, 0) }, second!];
    expect(visible(messages, [['a', 0]])).toEqual([]);
  });
});
