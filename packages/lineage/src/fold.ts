/**
 * Folds a model's log into its present state, one record at a time.
 *
 * Invariants; a log that breaks one is `corrupt`:
 * 1. Sequences run 1, 2, 3, … without gap or repetition.
 * 2. One round is in flight at a time; only it can be decided, by its digest.
 * 3. Every entry starts from the head: the last promoted round, or the original.
 * 4. Weights and state advance together, and only with a promotion.
 * 5. No row of a request is forgotten twice, and no ended request is served again.
 * 6. A request is completed when its last part is promoted and all its rows are done.
 *
 * A record that is refused changes nothing. Memory: the open requests with their rows, and of
 * every ended one its key.
 */
import {
  type Decision,
  type DeletionRequested,
  type Digest,
  LetheError,
  type ModelRegistration,
  type RequestPart,
  type Round,
  type RoundManifest,
} from '@lethe/contracts';
import type {
  Head,
  InFlight,
  ModelState,
  OpenRequest,
  RequestProgress,
  Retry,
} from './model-state.ts';
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

interface Progress extends OpenRequest {
  readonly rowsDone: Set<number>;
  ladderStep: number;
  readonly attempts: number[];
}

/** A part whose request is there and known by its key. */
interface KeyedPart {
  readonly key: string;
  readonly request: DeletionRequested;
  readonly rows: readonly number[];
  readonly last: boolean;
}

/** {@link foldLineage} by single steps; the cost of one does not grow with the log. */
export class LineageFold implements ModelState {
  readonly modelKey: string;
  readonly #open = new Map<string, Progress>();
  readonly #completed = new Set<string>();
  readonly #escalated = new Set<string>();
  #head: Head;
  #nextSequence = 1;
  #inFlight: InFlight | undefined;
  #retry: Retry | undefined;

  constructor(registration: ModelRegistration) {
    this.modelKey = registration.modelKey;
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
    return this.#open;
  }
  get completedCount(): number {
    return this.#completed.size;
  }
  get escalatedCount(): number {
    return this.#escalated.size;
  }

  progress(key: string): RequestProgress {
    const open = this.#open.get(key);
    if (open !== undefined) return { kind: 'open', ...open };
    if (this.#completed.has(key)) return { kind: 'completed' };
    if (this.#escalated.has(key)) return { kind: 'escalated' };
    return { kind: 'unknown' };
  }

  /** The next entry of the log. @throws LetheError `corrupt`; nothing is changed then */
  applyManifest(manifest: RoundManifest, digest: Digest): void {
    const { sequence, entry } = manifest;
    this.#requirePlace(manifest);
    if (entry === undefined) throw this.#corrupt(sequence, 'is neither a round nor an escalation');
    const parts = this.#readParts(sequence, entry.value.parts);
    this.#requireParent(sequence, entry.value.parentSequence);
    switch (entry.$case) {
      case 'round':
        this.#requireParentWeights(sequence, entry.value);
        for (const part of parts) this.#openRequest(part);
        this.#inFlight = { sequence, manifestDigest: digest, round: entry.value };
        break;
      case 'escalation':
        this.#escalate(parts);
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
    const parts = decided.round.parts.map(withKey);
    if (decision.promoted) this.#promote(decided, parts);
    else this.#refuse(decided, parts);
    this.#inFlight = undefined;
  }

  #promote({ sequence, manifestDigest, round }: InFlight, parts: readonly KeyedPart[]): void {
    const ended = parts.filter((part) => part.last);
    for (const part of ended) this.#requireAllRows(sequence, part);
    for (const { key, rows } of parts) {
      const done = this.#open.get(key)?.rowsDone;
      for (const row of rows) done?.add(row);
    }
    for (const { key } of ended) {
      this.#open.delete(key);
      this.#completed.add(key);
    }
    this.#head = {
      sequence,
      weightsDigest: round.weightsDigest as Digest,
      stateDigest: round.stateDigest as Digest,
      manifestDigest,
    };
    this.#retry = undefined;
  }

  #refuse({ sequence, round }: InFlight, parts: readonly KeyedPart[]): void {
    const ladderStep = round.ladderStep + 1;
    for (const { key } of parts) {
      const open = this.#open.get(key);
      if (open === undefined) continue;
      open.ladderStep = Math.max(open.ladderStep, ladderStep);
      open.attempts.push(sequence);
    }
    const attempts = [...(this.#retry?.attempts ?? []), sequence];
    this.#retry = { parts: round.parts, attempts, ladderStep };
  }

  #escalate(parts: readonly KeyedPart[]): void {
    for (const { key } of parts) {
      this.#open.delete(key);
      this.#escalated.add(key);
    }
    const left = this.#retry?.parts.filter((part) => !this.#escalated.has(withKey(part).key));
    if (left?.length === 0) this.#retry = undefined;
    else if (this.#retry !== undefined) this.#retry = { ...this.#retry, parts: left ?? [] };
  }

  #openRequest({ key, request }: KeyedPart): void {
    if (this.#open.has(key)) return;
    this.#open.set(key, { request, rowsDone: new Set(), ladderStep: 0, attempts: [] });
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

  #readParts(sequence: number, parts: readonly RequestPart[]): KeyedPart[] {
    const seen = new Set<string>();
    return parts.map((part) => {
      if (part.request === undefined) throw this.#corrupt(sequence, 'has a part without request');
      const keyed = withKey(part);
      if (seen.has(keyed.key)) throw this.#corrupt(sequence, `names ${keyed.key} in two parts`);
      seen.add(keyed.key);
      this.#requireNotDone(sequence, keyed);
      return keyed;
    });
  }

  #requireNotDone(sequence: number, { key, request, rows }: KeyedPart): void {
    const progress = this.progress(key);
    if (progress.kind === 'unknown') return;
    if (progress.kind !== 'open') {
      throw this.#corrupt(sequence, `serves request ${key}, which is ${progress.kind}`);
    }
    if (progress.request.requestDigest !== request.requestDigest) {
      throw this.#corrupt(sequence, `serves request ${key} with another body than before`);
    }
    const twice = rows.find((row) => progress.rowsDone.has(row));
    if (twice === undefined) return;
    throw this.#corrupt(sequence, `serves row ${twice} of request ${key} a second time`);
  }

  #requireAllRows(sequence: number, { key, request, rows }: KeyedPart): void {
    if (request.scope?.$case !== 'rows') return;
    const before = this.#open.get(key)?.rowsDone;
    const now = new Set(rows);
    const missing = request.scope.value.rows.find((row) => !now.has(row) && !before?.has(row));
    if (missing === undefined) return;
    throw this.#corrupt(sequence, `ends request ${key}, but its row ${missing} is not done`);
  }

  #corrupt(sequence: number, what: string): LetheError {
    const advice = 'Restore the log from a backup';
    return new LetheError('corrupt', `entry ${sequence} of ${this.modelKey} ${what}. ${advice}`);
  }
}

/** Of a part that `#readParts` has let pass. */
function withKey({ request, rows, last }: RequestPart): KeyedPart {
  if (request === undefined) throw new TypeError('a part without request');
  return { key: requestKey(request), request, rows, last };
}
