import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeletionStatus, RequestState } from '@lethe/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RequestProjection } from './request-projection.ts';

const submitted = new Date('2026-01-10T00:00:00Z');
const deadline = new Date('2026-02-10T00:00:00Z');
const parent = DeletionStatus.fromPartial({
  requestId: 'p',
  emitter: 'shop',
  modelKey: '*',
  modelCount: 3,
  state: RequestState.REQUEST_STATE_ACCEPTED,
  time: submitted,
  submittedTime: submitted,
  deadline,
  sampleCount: 6,
});

function child(model: number, state: RequestState, sequence = 0): DeletionStatus {
  return DeletionStatus.fromPartial({
    ...parent,
    requestId: `c${model}`,
    modelKey: `m${model}`,
    modelCount: 0,
    parentRequestId: 'p',
    state,
    sequence,
    time: new Date(submitted.getTime() + sequence * 1000),
  });
}

const { REQUEST_STATE_ACCEPTED: accepted, REQUEST_STATE_COMPLETED: completed } = RequestState;

let folder: string;
let projection: RequestProjection;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-fan-out-'));
  projection = RequestProjection.open(join(folder, 'requests.sqlite'));
});
afterEach(() => {
  projection[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

/** As the topic does: what follows comes back. */
function apply(...statuses: DeletionStatus[]): DeletionStatus[] {
  const moved = projection.apply(statuses);
  projection.apply(moved);
  return moved;
}

const stateOfParent = () => projection.find('p', 'shop')[0]?.current.state;

describe('a request over several models', () => {
  it('is complete when it is in all of them, and not before', () => {
    apply(parent, child(1, accepted), child(2, accepted), child(3, accepted));
    expect(apply(child(1, completed, 4), child(2, completed, 9))).toEqual([]);
    expect(stateOfParent()).toBe(accepted);
    const none = child(3, RequestState.REQUEST_STATE_NO_MATCH);
    expect(apply(none)).toEqual([
      {
        ...parent,
        state: completed,
        detail: 'of 3 models: 2 completed, 1 no_match',
        sequence: 13,
        time: child(2, completed, 9).time,
      },
    ]);
    expect(stateOfParent()).toBe(completed);
    expect(projection.childrenOf(parent).map(({ current }) => current.modelKey)).toEqual([
      ...['m1', 'm2', 'm3'],
    ]);
    // Statuses that come again say nothing new.
    expect(apply(none, child(2, completed, 9))).toEqual([]);
  });

  it('is not complete while a model has not been heard of, whatever comes first', () => {
    apply(child(1, completed, 1), child(2, completed, 2));
    expect(apply(parent)).toEqual([]);
    expect(apply(child(3, completed, 3))).toMatchObject([{ state: completed }]);
  });

  it('says at once when one of its models must be retrained or is late', () => {
    apply(parent, child(1, accepted), child(2, accepted), child(3, completed, 1));
    apply(child(1, RequestState.REQUEST_STATE_EXPIRED));
    expect(stateOfParent()).toBe(RequestState.REQUEST_STATE_EXPIRED);
    apply(child(2, RequestState.REQUEST_STATE_ESCALATED, 5));
    expect(stateOfParent()).toBe(RequestState.REQUEST_STATE_ESCALATED);
  });

  it.each([
    ['denied', [RequestState.REQUEST_STATE_DENIED, completed, completed]],
    ['cancelled', [RequestState.REQUEST_STATE_CANCELLED, completed, completed]],
    ['no_match', Array(3).fill(RequestState.REQUEST_STATE_NO_MATCH)],
  ] as const)('ends %s', (word, states) => {
    apply(parent, ...states.map((state, at) => child(at + 1, state as RequestState, 1)));
    expect(RequestState[`REQUEST_STATE_${word.toUpperCase()}` as 'REQUEST_STATE_DENIED']).toBe(
      stateOfParent(),
    );
  });

  it('is open again when a rollback opens it in one model, and then complete again', () => {
    apply(parent, child(1, completed, 1), child(2, completed, 1), child(3, completed, 1));
    expect(stateOfParent()).toBe(completed);
    apply(child(2, RequestState.REQUEST_STATE_REOPENED, 7));
    expect(stateOfParent()).toBe(RequestState.REQUEST_STATE_REOPENED);
    apply(child(2, completed, 8));
    expect(stateOfParent()).toBe(completed);
  });
});
