import { describe, expect, it } from 'vitest';
import { type Assignment, assignSticky } from './sticky-assigner.ts';

const partitions = { t: [0, 1, 2, 3] };
const member = (
  memberId: string,
  owned: Assignment = {},
  {
    topics = ['t'],
    busy = {},
    isReturning = false,
  }: { topics?: string[]; busy?: Assignment; isReturning?: boolean } = {},
) => ({ memberId, topics, owned, busy, isReturning });
const assigned = (...members: ReturnType<typeof member>[]) =>
  Object.fromEntries(assignSticky(members, partitions));

describe('assignSticky', () => {
  it('shares everything evenly between members that own nothing', () => {
    const { a, b } = assigned(member('a'), member('b'));
    expect(a?.['t']).toHaveLength(2);
    expect(b?.['t']).toHaveLength(2);
  });

  it('moves no more than a new member needs', () => {
    const { a, b, c } = assigned(
      member('a', { t: [0, 3] }),
      member('b', { t: [1, 2] }),
      member('c'),
    );
    const kept = (now: Assignment | undefined, before: number[]) =>
      before.filter((partition) => now?.['t']?.includes(partition)).length;
    expect(kept(a, [0, 3]) + kept(b, [1, 2])).toBe(3);
    expect(c?.['t']).toHaveLength(1);
  });

  it('leaves all where they are when nothing changed, or a member left', () => {
    const before = { a: { t: [1, 3] }, b: { t: [0, 2] } };
    expect(assigned(member('a', before.a), member('b', before.b))).toEqual(before);
    expect(assigned(member('a', before.a))['a']?.['t']?.toSorted()).toEqual([0, 1, 2, 3]);
  });

  it('takes idle partitions before busy ones', () => {
    const a = member('a', { t: [0, 1, 2, 3] }, { busy: { t: [0, 2] } });
    expect(assigned(a, member('b'))).toMatchObject({ b: { t: [1, 3] } });
    const allBusy = member('a', { t: [0, 1, 2, 3] }, { busy: { t: [0, 1, 2, 3] } });
    expect(assigned(allBusy, member('b'))['b']?.['t']).toHaveLength(2);
  });

  it('gives a partition that two members claim to one of them', () => {
    const { a, b } = assigned(member('a', { t: [0] }), member('b', { t: [0] }));
    expect([...(a?.['t'] ?? []), ...(b?.['t'] ?? [])].toSorted()).toEqual([0, 1, 2, 3]);
  });

  it('leaves a partition with who has it now when a member that was away claims it, too', () => {
    const away = member('a', { t: [0, 1] }, { isReturning: true });
    expect(assigned(away, member('b', { t: [0, 1] }))).toMatchObject({ b: { t: [0, 1] } });
    // Nobody has taken it meanwhile.
    expect(assigned(away, member('b', { t: [2, 3] }))).toMatchObject({ a: { t: [0, 1] } });
  });

  it('gives a member nothing of a topic that it does not read, and every member an answer', () => {
    expect(assigned(member('a'), member('b', {}, { topics: [] }))).toMatchObject({
      a: { t: [0, 1, 2, 3] },
      b: {},
    });
  });
});
