/**
 * Folds a model's log into its present state, one record at a time.
 *
 * Invariants; a log that breaks one is `corrupt` (those about requests: request-book.ts):
 * 1. Sequences run 1, 2, 3, … without gap or repetition.
 * 2. One round is in flight at a time; only it can be decided, by its digest.
 * 3. Every entry starts from the head: the last promoted round, the target of a later rollback, or
 *    the original.
 * 4. Weights and state move together, and only with a promotion or a rollback.
 *
 * A record that is refused changes nothing.
 */
import type {
  Decision,
  Digest,
  LetheError,
  ModelRegistration,
  RequestPart,
  Rollback,
  Round,
  RoundManifest,
} from '@lethe/contracts';
import { corruptEntry } from './corrupt-entry.ts';
import type {
  Head,
  InFlight,
  ModelState,
  OpenRequest,
  RequestProgress,
  Retry,
} from './model-state.ts';
import { type KeyedPart, RequestBook } from './request-book.ts';
import { requestKey } from './request-key.ts';

/** A manifest, the digest of its bytes, and what was decided on it so far. */
export interface LogEntry {
  readonly manifest: RoundManifest;
  readonly digest: Digest;
  readonly decision?: Decision;
}

/**
 * The state of a model after a whole log, oldest entry first. Pure.
 *
 * @throws LetheError `corrupt` naming model and sequence
 */
export function foldLineage(
  registration: ModelRegistration,
  entries: Iterable<LogEntry>,
): ModelState {
  const fold = new LineageFold(registration);
  for (const { manifest, digest, decision } of entries) {
    fold.applyManifest(manifest, digest);
    if (decision !== undefined) fold.applyDecision(decision);
  }
  return fold;
}

/** {@link foldLineage} by single steps; the cost of one does not grow with the log. */
export class LineageFold implements ModelState {
  readonly modelKey: string;
  readonly #requests: RequestBook;
  #head: Head;
  #nextSequence = 1;
  #inFlight: (InFlight & { readonly parts: readonly KeyedPart[] }) | undefined;
  #retry: Retry | undefined;
  #rollbackGeneration = 0;

  constructor(registration: ModelRegistration) {
    this.modelKey = registration.modelKey;
    this.#requests = new RequestBook(registration.modelKey);
    this.#head = {
      sequence: 0,
      weightsDigest: registration.weightsDigest as Digest,
      stateDigest: undefined,
      manifestDigest: undefined,
    };
  }

  get head(): Head {
    return this.#head;
  }
  get nextSequence(): number {
    return this.#nextSequence;
  }
  get inFlight(): InFlight | undefined {
    return this.#inFlight;
  }
  get retry(): Retry | undefined {
    return this.#retry;
  }
  get openRequests(): ReadonlyMap<string, OpenRequest> {
    return this.#requests.open;
  }
  get completedCount(): number {
    return this.#requests.completedCount;
  }
  get escalatedCount(): number {
    return this.#requests.escalatedCount;
  }
  get rollbackGeneration(): number {
    return this.#rollbackGeneration;
  }

  progress(key: string): RequestProgress {
    return this.#requests.progress(key);
  }

  completedLike(scope: string): string | undefined {
    return this.#requests.completedLike(scope);
  }

  /** The next entry of the log. @throws LetheError `corrupt`; nothing is changed then */
  applyManifest(manifest: RoundManifest, digest: Digest): void {
    const { sequence, entry } = manifest;
    this.#requirePlace(manifest);
    if (entry === undefined) throw this.#corrupt(sequence, 'is of a kind that is not known');
    this.#requireParent(sequence, entry.value.parentSequence);
    switch (entry.$case) {
      case 'round': {
        const parts = this.#requests.check(sequence, entry.value.parts);
        this.#requireParentWeights(sequence, entry.value);
        this.#requests.enter(parts);
        this.#inFlight = { sequence, manifestDigest: digest, round: entry.value, parts };
        break;
      }
      case 'escalation':
        this.#requests.escalate(this.#requests.check(sequence, entry.value.parts));
        this.#retry = retryWithout(this.#retry, entry.value.parts.map(keyOf));
        break;
      case 'rollback':
        this.#requests.reopen(sequence, entry.value.reopened);
        this.#head = headAfterRollback(entry.value);
        this.#rollbackGeneration = entry.value.generation;
        this.#retry = undefined;
        break;
      case 'withdrawal': {
        const key = requestKey(entry.value);
        this.#requests.withdraw(sequence, key);
        this.#retry = retryWithout(this.#retry, [key]);
        break;
      }
      case 'duplicates':
        this.#requests.endDuplicates(sequence, entry.value.requests);
        break;
      default:
        entry satisfies never;
    }
    this.#nextSequence = sequence + 1;
  }

  /** What became of the round in flight. @throws LetheError `corrupt`; nothing is changed then */
  applyDecision(decision: Decision): void {
    const { sequence } = decision;
    const decided = this.#inFlight;
    if (decided?.sequence !== sequence || decision.modelKey !== this.modelKey) {
      throw this.#corrupt(sequence, 'has a decision, but is not the round in flight');
    }
    if (decided.manifestDigest !== decision.manifestDigest) {
      throw this.#corrupt(sequence, 'has a decision about another manifest');
    }
    const { manifestDigest, round, parts } = decided;
    if (decision.promoted) {
      this.#requests.promote(sequence, parts);
      this.#head = headAfter(sequence, manifestDigest, round);
      this.#retry = undefined;
    } else {
      const ladderStep = round.ladderStep + 1;
      const attempts = [...(this.#retry?.attempts ?? []), sequence];
      this.#requests.refuse(sequence, parts, ladderStep);
      this.#retry = { parts: round.parts, attempts, ladderStep };
    }
    this.#inFlight = undefined;
  }

  #requirePlace({ modelKey, sequence }: RoundManifest): void {
    if (modelKey !== this.modelKey) throw this.#corrupt(sequence, `belongs to ${modelKey}`);
    if (sequence !== this.#nextSequence) {
      throw this.#corrupt(sequence, `follows ${this.#nextSequence - 1}: the log has a gap`);
    }
    if (this.#inFlight !== undefined) {
      throw this.#corrupt(sequence, `was committed while ${sequence - 1} was undecided`);
    }
  }

  #requireParent(sequence: number, parent: number): void {
    const { sequence: head } = this.#head;
    if (parent === head) return;
    throw this.#corrupt(sequence, `starts from ${parent}, but ${head} was promoted last`);
  }

  #requireParentWeights(sequence: number, round: Round): void {
    if (round.parentWeightsDigest === this.#head.weightsDigest) return;
    throw this.#corrupt(sequence, 'starts from weights that were not promoted');
  }

  #corrupt(sequence: number, what: string): LetheError {
    return corruptEntry(this.modelKey, sequence, what);
  }
}

function headAfter(sequence: number, manifestDigest: Digest, round: Round): Head {
  return {
    sequence,
    weightsDigest: round.weightsDigest as Digest,
    stateDigest: round.stateDigest as Digest,
    manifestDigest,
  };
}

function headAfterRollback(rollback: Rollback): Head {
  const isOriginal = rollback.targetSequence === 0;
  return {
    sequence: rollback.targetSequence,
    weightsDigest: rollback.targetWeightsDigest as Digest,
    stateDigest: isOriginal ? undefined : (rollback.targetStateDigest as Digest),
    manifestDigest: isOriginal ? undefined : (rollback.targetManifestDigest as Digest),
  };
}

/** What is left to retry once these requests have ended. */
function retryWithout(
  retry: Retry | undefined,
  ended: readonly (string | undefined)[],
): Retry | undefined {
  if (retry === undefined) return undefined;
  const endedKeys = new Set(ended);
  const parts = retry.parts.filter((part) => !endedKeys.has(keyOf(part)));
  return parts.length === 0 ? undefined : { ...retry, parts };
}

function keyOf({ request }: RequestPart): string | undefined {
  return request && requestKey(request);
}
