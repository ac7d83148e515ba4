import { describe, expect, it } from 'vitest';
import { assign, type Claim, type Subscriber } from './assign.ts';

function member(id: string, ...topics: string[]): Subscriber {
  return { id, topics };
}

function claims(topic: string, owners: readonly (string | null)[]): Claim[] {
  return owners.map((owner, index) => ({ logId: index + 1, topic, owner }));
}

function entries(map: ReadonlyMap<number, string | null>) {
  return [...map].toSorted(([a], [b]) => a - b);
}

describe('assign', () => {
  it('gives a lone member everything', () => {
    const changes = assign([member('a', 't')], claims('t', [null, null]));
    expect(entries(changes)).toEqual([
      [1, 'a'],
      [2, 'a'],
    ]);
  });

  it('moves only what evens the shares out', () => {
    const changes = assign([member('a', 't'), member('b', 't')], claims('t', ['a', 'a', 'a', 'a']));
    expect([...changes.values()]).toEqual(['b', 'b']);
  });

  it('changes nothing when shares are even', () => {
    const members = [member('a', 't'), member('b', 't')];
    expect(entries(assign(members, claims('t', ['b', 'a', 'b'])))).toEqual([]);
  });

  it('gives the partitions of one who left to those with least', () => {
    const members = [member('a', 't'), member('b', 't')];
    const changes = assign(members, claims('t', ['a', 'a', 'gone', 'gone', 'b']));
    expect([...changes.values()].toSorted()).toEqual(['a', 'b']);
  });

  it('leaves a topic that nobody reads without owner', () => {
    const changes = assign([member('a', 'other')], claims('t', ['gone', null]));
    expect(entries(changes)).toEqual([[1, null]]);
  });

  it('gives a partition only to a member that reads its topic', () => {
    const members = [member('a', 't'), member('b', 'other')];
    expect(entries(assign(members, claims('t', [null, null, null])))).toEqual([
      [1, 'a'],
      [2, 'a'],
      [3, 'a'],
    ]);
  });
});
