import { RequestState } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { isAdvance } from './request-progress.ts';

const accepted = { state: RequestState.REQUEST_STATE_ACCEPTED, sequence: 0 };
const inRound = (sequence: number) => ({ state: RequestState.REQUEST_STATE_IN_ROUND, sequence });
const escalated = { state: RequestState.REQUEST_STATE_ESCALATED, sequence: 4 };
const completed = { state: RequestState.REQUEST_STATE_COMPLETED, sequence: 3 };

describe('isAdvance', () => {
  it('goes from nothing through rounds to the end', () => {
    const path = [undefined, accepted, inRound(1), inRound(2), completed];
    for (const [at, next] of path.entries()) {
      if (at > 0) expect(isAdvance(path[at - 1], next!), `step ${at}`).toBe(true);
    }
  });

  it('is not moved back by what comes twice or late', () => {
    expect(isAdvance(inRound(2), accepted)).toBe(false);
    expect(isAdvance(inRound(2), inRound(1))).toBe(false);
    expect(isAdvance(inRound(2), inRound(2))).toBe(false);
    expect(isAdvance(completed, inRound(9))).toBe(false);
    expect(isAdvance(completed, escalated)).toBe(false);
  });

  it('lets an escalated request be completed after all', () => {
    expect(isAdvance(inRound(4), escalated)).toBe(true);
    expect(isAdvance(escalated, inRound(3))).toBe(false);
    expect(isAdvance(escalated, completed)).toBe(true);
  });
});
