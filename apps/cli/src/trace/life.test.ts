import {
  Decision,
  DeletionStatus,
  Outcome,
  RequestState,
  RoundManifest,
  ServingPointer,
  Verdict,
} from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { tellLife } from './life.ts';

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const deadline = at(59);
const traceparent = (digit: string) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`;

const status = (state: RequestState, second: number, sequence = 0) =>
  DeletionStatus.fromPartial({ state, time: at(second), sequence, submittedTime: at(0), deadline });

const manifest = (sequence: number, second: number) =>
  RoundManifest.fromPartial({
    sequence,
    createdTime: at(second),
    traceparent: traceparent(String(sequence)),
    entry: {
      $case: 'round',
      value: { method: 'lethe', backend: 'wasm-simd', ladderStep: sequence - 1, parts: [{}, {}] },
    },
  });

const refused = {
  manifest: manifest(1, 10),
  verdict: Verdict.fromPartial({
    outcome: Outcome.OUTCOME_FAIL,
    judgedTime: at(12),
    checks: [
      { name: 'churn', outcome: Outcome.OUTCOME_FAIL },
      { name: 'noted', outcome: Outcome.OUTCOME_FAIL, advisory: true },
      { name: 'fine', outcome: Outcome.OUTCOME_PASS },
    ],
  }),
  decision: Decision.fromPartial({
    promoted: false,
    reason: 'verdict_failed',
    explanation: 'churn is too high',
    decidedTime: at(13),
  }),
  move: undefined,
};

const promoted = {
  manifest: manifest(2, 20),
  verdict: Verdict.fromPartial({ outcome: Outcome.OUTCOME_PASS, judgedTime: at(22) }),
  decision: Decision.fromPartial({ promoted: true, decidedTime: at(23) }),
  move: ServingPointer.fromPartial({ generation: 2, sequence: 2, promotedTime: at(23) }),
};

const statuses = [
  status(RequestState.REQUEST_STATE_ACCEPTED, 1),
  status(RequestState.REQUEST_STATE_IN_ROUND, 10, 1),
  status(RequestState.REQUEST_STATE_COMPLETED, 23, 2),
];

describe('the life of a request', () => {
  it('goes from submission over every attempt to completion, in the order of time', () => {
    const { events } = tellLife(statuses, [refused, promoted], undefined, deadline);
    expect(events.map(({ what }) => what)).toEqual([
      'the person asked',
      'accepted',
      'round committed',
      'in_round',
      'verdict: fail',
      'refused: verdict_failed',
      'round committed',
      'verdict: pass',
      'serves',
      'promoted',
      'completed',
      'legal deadline',
    ]);
  });

  it('names the checks that refused, not those that only advise', () => {
    const { events } = tellLife(statuses, [refused], undefined, deadline);
    expect(events.find(({ kind }) => kind === 'verdict')?.detail).toBe('churn');
  });

  it('places a verdict that holds no time where it took effect', () => {
    const untimed = { ...promoted, verdict: { ...promoted.verdict, judgedTime: undefined } };
    const { events } = tellLife(statuses, [untimed], undefined, deadline);
    const kinds = events.map(({ kind }) => kind).join(' ');
    expect(kinds).toContain('verdict serving decision status');
  });

  it('has a trace for every round that was traced', () => {
    const untraced = { ...promoted, manifest: { ...promoted.manifest, traceparent: '' } };
    const { traces } = tellLife(statuses, [refused, untraced], undefined, deadline);
    expect(traces).toEqual([{ what: 'round 1', traceId: '1'.repeat(32) }]);
  });

  it('is told without a store from the statuses alone', () => {
    const { events } = tellLife(statuses, [], undefined, undefined);
    expect(events.at(-1)).toMatchObject({ kind: 'deadline', time: deadline });
    expect(events).toHaveLength(5);
  });
});
