import { RoundProgress } from '@lethe/contracts';
import type { RoundProgress as EngineProgress } from '@lethe/unlearning';
import type { Rung } from './domain/ladder.ts';
import type { PlannedPart } from './domain/plan-round.ts';

/** One try at a round: the position it would take, its requests and its rung. */
export interface Attempt {
  readonly sequence: number;
  readonly parts: readonly PlannedPart[];
  readonly rung: Rung;
  readonly ladderStep: number;
}

/** What the actor of a model is at. */
export type ActorState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting-for-batch'; readonly untilMs: number }
  | {
      readonly kind: 'computing';
      readonly attempt: Attempt;
      readonly progress: EngineProgress | undefined;
    }
  | { readonly kind: 'committing'; readonly attempt: Attempt }
  | { readonly kind: 'awaiting-decision'; readonly sequence: number }
  /** Trouble outside: missing data, a store that does not answer. Tried again by itself. */
  | { readonly kind: 'blocked'; readonly reason: string };

const phases = {
  idle: 'idle',
  'waiting-for-batch': 'waiting_for_batch',
  computing: 'computing',
  committing: 'uploading',
  'awaiting-decision': 'waiting_for_decision',
  blocked: 'blocked',
} as const satisfies Record<ActorState['kind'], string>;

export interface ActorFacts {
  readonly modelKey: string;
  readonly nextSequence: number;
  readonly pendingRequestCount: number;
  readonly time: Date;
}

/** The state as it is told to those who watch. */
export function progressOf(state: ActorState, facts: ActorFacts): RoundProgress {
  const attempt = 'attempt' in state ? state.attempt : undefined;
  const progress = state.kind === 'computing' ? state.progress : undefined;
  return RoundProgress.fromPartial({
    modelKey: facts.modelKey,
    sequence: 'sequence' in state ? state.sequence : (attempt?.sequence ?? facts.nextSequence),
    phase: phases[state.kind],
    requestCount: attempt?.parts.length ?? 0,
    sampleCount: attempt === undefined ? 0 : sampleCount(attempt),
    pendingRequestCount: facts.pendingRequestCount,
    ladderStep: attempt?.ladderStep ?? 0,
    method: attempt?.rung.method ?? '',
    step: progress?.step ?? 0,
    stepLimit: progress?.stepLimit ?? 0,
    forgetAccuracy: progress?.forgetAccuracy ?? 0,
    time: facts.time,
    reason: state.kind === 'blocked' ? state.reason : '',
  });
}

/** Distinct samples of an attempt. */
export function sampleCount({ parts }: Attempt): number {
  return new Set(parts.flatMap((part) => part.rows)).size;
}
