/** What happened to one request, told from the records of Lethe; pure. */

import {
  type Decision,
  type DeletionRequested,
  type DeletionStatus,
  Outcome,
  type RoundManifest,
  type ServingPointer,
  type Verdict,
} from '@lethe/contracts';
import { traceIdOf } from '@lethe/telemetry';
import { counted } from '../output/format.ts';
import { outcomeName, stateName } from '../output/names.ts';

/** One thing that happened. */
export interface LifeEvent {
  readonly time: Date;
  readonly kind: 'submitted' | 'status' | 'round' | 'verdict' | 'decision' | 'serving' | 'deadline';
  readonly what: string;
  readonly detail: string;
  /** Entry of the model's log; 0: none. */
  readonly sequence: number;
}

/** One entry of the model's log that names the request, and what followed it. */
export interface Attempt {
  readonly manifest: RoundManifest;
  readonly verdict: Verdict | undefined;
  readonly decision: Decision | undefined;
  /** The move of the serving pointer to it. */
  readonly move: ServingPointer | undefined;
}

export interface TraceOf {
  readonly what: string;
  readonly traceId: string;
}

export interface Life {
  /** Oldest first. */
  readonly events: readonly LifeEvent[];
  readonly traces: readonly TraceOf[];
}

export function tellLife(
  statuses: readonly DeletionStatus[],
  attempts: readonly Attempt[],
  requested: DeletionRequested | undefined,
  deadline: Date | undefined,
): Life {
  const first = statuses[0];
  const submitted = first?.submittedTime ?? requested?.submittedTime;
  const events = [
    event(submitted, 'submitted', 'the person asked', 'the legal clock starts'),
    ...statuses.map(({ time, state, detail, sequence }) =>
      event(time, 'status', stateName(state), detail, sequence),
    ),
    ...attempts.flatMap(attemptEvents),
    event(deadline ?? first?.deadline, 'deadline', 'legal deadline', ''),
  ].filter((each) => each !== undefined);
  return { events: events.sort(byTime), traces: tracesOf(attempts, requested) };
}

function attemptEvents({ manifest, verdict, decision, move }: Attempt): (LifeEvent | undefined)[] {
  const { sequence, createdTime, entry } = manifest;
  const [what, detail] = entryText(entry);
  // Verdicts hold no time of their own since they are made to the same bytes twice: what followed has.
  const judgedTime =
    verdict?.judgedTime ?? move?.promotedTime ?? decision?.decidedTime ?? createdTime;
  return [
    event(createdTime, 'round', what, detail, sequence),
    verdict &&
      event(
        judgedTime,
        'verdict',
        `verdict: ${outcomeName(verdict.outcome)}`,
        failed(verdict),
        sequence,
      ),
    decision &&
      event(
        decision.decidedTime,
        'decision',
        decision.promoted ? 'promoted' : `refused: ${decision.reason}`,
        decision.promoted ? '' : decision.explanation,
        sequence,
      ),
    move &&
      event(
        move.promotedTime,
        'serving',
        'serves',
        `generation ${move.generation} of the pointer`,
        sequence,
      ),
  ];
}

function entryText(entry: RoundManifest['entry']): [what: string, detail: string] {
  switch (entry?.$case) {
    case 'round': {
      const { parts, method, ladderStep, backend, metrics } = entry.value;
      const samples = parts.reduce((sum, { rows }) => sum + rows.length, 0);
      const made = metrics ? `, ${metrics.steps} steps in ${metrics.seconds.toFixed(1)} s` : '';
      const rung = ladderStep === 0 ? '' : `, rung ${ladderStep} of the ladder`;
      return [
        'round committed',
        `${counted(parts.length, 'request')}, ${counted(samples, 'sample')}, ${method} on ${backend}${made}${rung}`,
      ];
    }
    case 'escalation':
      return ['escalated', entry.value.reason];
    case 'rollback':
      return [`rolled back to ${entry.value.targetSequence}`, entry.value.reason];
    case 'withdrawal':
      return [entry.value.kind, entry.value.reason];
    case 'duplicates':
      return ['duplicate', 'an earlier request for the same was completed'];
    case undefined:
      return ['entry', ''];
    default:
      return entry satisfies never;
  }
}

function failed({ outcome, checks }: Verdict): string {
  if (outcome === Outcome.OUTCOME_PASS) return `${checks.length} checks`;
  const blocking = checks.filter(
    (check) => check.outcome !== Outcome.OUTCOME_PASS && !check.advisory,
  );
  return blocking.map(({ name }) => name).join(', ');
}

function tracesOf(attempts: readonly Attempt[], requested: DeletionRequested | undefined) {
  const traces: TraceOf[] = [];
  const add = (what: string, traceparent: string | undefined) => {
    const traceId = traceIdOf(traceparent);
    if (traceId !== undefined) traces.push({ what, traceId });
  };
  add('request', requested?.traceparent);
  for (const { manifest } of attempts) add(`round ${manifest.sequence}`, manifest.traceparent);
  return traces;
}

function event(
  time: Date | undefined,
  kind: LifeEvent['kind'],
  what: string,
  detail: string,
  sequence = 0,
): LifeEvent | undefined {
  return time === undefined ? undefined : { time, kind, what, detail, sequence };
}

/** What follows from what, where clocks of services say the same millisecond. */
const order = ['submitted', 'round', 'verdict', 'serving', 'decision', 'status', 'deadline'];

function byTime(a: LifeEvent, b: LifeEvent): number {
  return a.time.getTime() - b.time.getTime() || order.indexOf(a.kind) - order.indexOf(b.kind);
}
