/**
 * Random logs against a model that is too simple to be wrong: after every record it derives the
 * state anew from the whole log.
 */
import type { Decision, DeletionRequested, RequestPart, RoundManifest } from '@lethe/contracts';
import { expect, test } from 'vitest';
import {
  decision,
  digestOf,
  escalation,
  modelKey,
  part,
  registration,
  request,
  round,
  stateAfter,
  weightsAfter,
} from '../test/records.ts';
import { foldLineage, LineageFold } from './fold.ts';
import type { LineageStore } from './lineage-store.ts';
import { progressOf, readLogEnd } from './log-end.ts';
import type { ModelState } from './model-state.ts';
import { requestKey } from './request-key.ts';

const logs = 150;
const steps = 60;
const firstSeed = Number(process.env['LETHE_TEST_SEED'] ?? 1);

interface Entry {
  readonly manifest: RoundManifest;
  readonly decision?: Decision;
}

/** Mulberry32: fractions that depend on the seed only. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What of the log went into the model, entry by entry. */
class NaiveModel {
  readonly log: Entry[] = [];

  partsOf(entry: Entry): readonly RequestPart[] {
    const made = entry.manifest.entry;
    return made !== undefined && 'parts' in made.value ? made.value.parts : [];
  }
  isRound(entry: Entry): boolean {
    return entry.manifest.entry?.$case === 'round';
  }
  promoted(): Entry[] {
    return this.log.filter((entry) => entry.decision?.promoted === true);
  }
  refused(): Entry[] {
    return this.log.filter((entry) => entry.decision?.promoted === false);
  }
  head(): number {
    return this.promoted().at(-1)?.manifest.sequence ?? 0;
  }
  undecided(): Entry | undefined {
    return this.log.find((entry) => this.isRound(entry) && entry.decision === undefined);
  }
  ladderStepOf(entry: Entry): number {
    return entry.manifest.entry?.$case === 'round' ? entry.manifest.entry.value.ladderStep : -1;
  }

  partsFor(entries: readonly Entry[], key: string): readonly RequestPart[] {
    return entries.flatMap((entry) => this.partsOf(entry).filter((each) => keyOf(each) === key));
  }
  rowsDone(key: string): Set<number> {
    return new Set(this.partsFor(this.promoted(), key).flatMap((each) => each.rows));
  }
  attempts(key: string): Entry[] {
    return this.refused().filter((entry) => this.partsFor([entry], key).length > 0);
  }
  ladderStep(key: string): number {
    return Math.max(0, ...this.attempts(key).map((entry) => this.ladderStepOf(entry) + 1));
  }
  fate(key: string): 'unknown' | 'open' | 'completed' | 'escalated' {
    const escalations = this.log.filter((entry) => !this.isRound(entry));
    if (this.partsFor(escalations, key).length > 0) return 'escalated';
    if (this.partsFor(this.promoted(), key).some((each) => each.last)) return 'completed';
    return this.partsFor(this.log, key).length > 0 ? 'open' : 'unknown';
  }

  /** The parts and attempts to retry: what the log ends with. */
  retry(): { parts: readonly RequestPart[]; attempts: number[]; ladderStep: number } | undefined {
    const decided = this.log.filter((entry) => entry.decision || !this.isRound(entry));
    let tail: Entry[] = [];
    let parts: readonly RequestPart[] = [];
    for (const entry of decided) {
      if (entry.decision?.promoted === true) tail = [];
      if (entry.decision?.promoted === false) {
        tail.push(entry);
        parts = this.partsOf(entry);
      }
      if (!this.isRound(entry)) {
        const ended = new Set(this.partsOf(entry).map(keyOf));
        parts = parts.filter((each) => !ended.has(keyOf(each)));
        if (parts.length === 0) tail = [];
      }
    }
    const last = tail.at(-1);
    if (last === undefined) return undefined;
    const attempts = tail.map((entry) => entry.manifest.sequence);
    return { parts, attempts, ladderStep: this.ladderStepOf(last) + 1 };
  }
}

function keyOf(of: RequestPart): string {
  return requestKey(of.request as DeletionRequested);
}

/** Every invariant that the state has to hold against the whole log. */
function check(state: ModelState, naive: NaiveModel, requests: readonly DeletionRequested[]): void {
  const head = naive.head();
  expect(state.nextSequence, 'the log is contiguous').toBe(naive.log.length + 1);
  expect(state.head.sequence, 'the head is the last promoted round').toBe(head);
  expect(state.head.weightsDigest, 'the weights are those of the head').toBe(weightsAfter(head));
  expect(state.head.stateDigest, 'the state advances with the weights').toBe(
    head === 0 ? undefined : stateAfter(head),
  );
  expect(state.inFlight?.sequence, 'one round is in flight, or none').toBe(
    naive.undecided()?.manifest.sequence,
  );
  expect(state.retry, 'a retry is what the log ends with').toEqual(naive.retry());
  let completed = 0;
  let escalated = 0;
  for (const each of requests) {
    const key = requestKey(each);
    const progress = state.progress(key);
    expect(progress.kind, `the fate of ${key}`).toBe(naive.fate(key));
    if (progress.kind === 'completed') completed++;
    if (progress.kind === 'escalated') escalated++;
    expect(state.openRequests.has(key), 'only open requests are kept').toBe(
      progress.kind === 'open',
    );
    if (progress.kind !== 'open') continue;
    expect(progress.rowsDone, 'rows done are those promoted').toEqual(naive.rowsDone(key));
    expect(progress.ladderStep, 'a rung refused is not tried again').toBe(naive.ladderStep(key));
    expect(progress.attempts, 'attempts are the refused rounds').toEqual(
      naive.attempts(key).map((entry) => entry.manifest.sequence),
    );
  }
  expect(state.completedCount, 'completed requests are counted').toBe(completed);
  expect(state.escalatedCount, 'escalated requests are counted').toBe(escalated);
}

/** The records of a log, as a store has them. */
function storeOf(log: readonly Entry[]): LineageStore {
  const recorded = async <T>(record: T | undefined) =>
    record === undefined ? undefined : { record, digest: stateAfter(0) };
  const store: Pick<LineageStore, 'serving' | 'manifest' | 'decision'> = {
    serving: async () => undefined,
    manifest: (_, sequence) => recorded(log[sequence - 1]?.manifest),
    decision: (_, sequence) => recorded(log[sequence - 1]?.decision),
  };
  return store as LineageStore;
}

/** A valid next step of the log, at random. */
class RandomLog {
  readonly naive = new NaiveModel();
  readonly requests: DeletionRequested[] = [];
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  next(): RoundManifest | Decision {
    const undecided = this.naive.undecided();
    if (undecided !== undefined) return decision(undecided.manifest, this.below(3) > 0);
    const sequence = this.naive.log.length + 1;
    const parent = this.naive.head();
    const retry = this.naive.retry();
    if (retry !== undefined && retry.ladderStep > 2) {
      const { parts, attempts } = retry;
      return escalation({ sequence, parent, parts: this.some(parts), attempts });
    }
    const chosen = this.some(this.open());
    const ladderStep = retry?.ladderStep ?? this.below(2);
    return round({ sequence, parent, ladderStep, parts: chosen.map((each) => this.slice(each)) });
  }

  open(): readonly DeletionRequested[] {
    const isOpen = (each: DeletionRequested) =>
      ['open', 'unknown'].includes(this.naive.fate(requestKey(each)));
    while (this.requests.filter(isOpen).length < 3) {
      const rows = Array.from({ length: 1 + this.below(6) }, (_, index) => index * 7);
      this.requests.push(request(`r${this.requests.length}`, rows));
    }
    return this.requests.filter(isOpen);
  }

  /** At least one of them, in order. */
  some<T>(items: readonly T[]): readonly T[] {
    const kept = items.filter(() => this.below(2) === 0);
    return kept.length > 0 ? kept : items.slice(0, 1);
  }

  /** A share of the rows that are left, often all of them. */
  slice(of: DeletionRequested): RequestPart {
    const done = this.naive.rowsDone(requestKey(of));
    const rows = of.scope?.$case === 'rows' ? of.scope.value.rows : [];
    const left = rows.filter((row) => !done.has(row));
    const count = this.below(2) === 0 ? left.length : 1 + this.below(left.length);
    return part(of, left.slice(0, count), count === left.length);
  }
}

/** One more record, in the log and in the state. */
function advance(random: RandomLog, state: LineageFold): void {
  const { log } = random.naive;
  const record = random.next();
  if ('entry' in record) {
    log.push({ manifest: record });
    state.applyManifest(record, digestOf(record));
  } else {
    log.push({ ...(log.pop() as Entry), decision: record });
    state.applyDecision(record);
  }
}

test(`the state is that of the whole log, for ${logs} random logs (seed ${firstSeed})`, () => {
  let promotions = 0;
  let escalations = 0;
  for (let seed = firstSeed; seed < firstSeed + logs; seed++) {
    const random = new RandomLog(seed);
    const { naive, requests } = random;
    const state = new LineageFold(registration);
    for (let step = 0; step < steps; step++) {
      advance(random, state);
      check(state, naive, requests);
    }
    const entries = naive.log.map((entry) => ({ ...entry, digest: digestOf(entry.manifest) }));
    check(foldLineage(registration, entries), naive, requests);
    promotions += naive.promoted().length;
    escalations += naive.log.filter((entry) => !naive.isRound(entry)).length;
  }
  // The logs would prove little without enough of each.
  expect(promotions).toBeGreaterThan(logs * 10);
  expect(escalations).toBeGreaterThan(logs / 2);
});

test('the end of a log, read backwards, tells what the fold does, for random logs', async () => {
  for (let seed = firstSeed; seed < firstSeed + 20; seed++) {
    const random = new RandomLog(seed);
    const { naive, requests } = random;
    const state = new LineageFold(registration);
    const store = storeOf(naive.log);
    for (let step = 0; step < steps; step++) {
      advance(random, state);
      const end = await readLogEnd(store, modelKey);
      expect(end).toEqual({
        nextSequence: state.nextSequence,
        headSequence: state.head.sequence,
        inFlight: state.inFlight?.sequence,
      });
      for (const each of requests.slice(-5)) {
        const kind = await progressOf(store, modelKey, end, each, undefined);
        expect(kind).toBe(state.progress(requestKey(each)).kind);
      }
    }
  }
});

test('a record out of place is refused and changes nothing, for random logs', () => {
  for (let seed = firstSeed; seed < firstSeed + 30; seed++) {
    const random = new RandomLog(seed);
    const { naive, requests } = random;
    const state = new LineageFold(registration);
    for (let step = 0; step < steps; step++) {
      const record = random.next();
      const sequence = naive.log.length + 1;
      const wrong = [
        round({ sequence: sequence + 1, parent: naive.head() }),
        round({ sequence, parent: naive.head() + 1 }),
        round({ sequence, parent: naive.head(), parentWeights: stateAfter(0) }),
        ...(naive.undecided() === undefined
          ? []
          : [round({ sequence, parent: naive.head() }), escalation({ sequence, parts: [] })]),
      ];
      for (const manifest of wrong) {
        expect(() => state.applyManifest(manifest, digestOf(manifest))).toThrow(
          expect.objectContaining({ code: 'corrupt' }),
        );
      }
      check(state, naive, requests);
      if ('entry' in record) {
        naive.log.push({ manifest: record });
        state.applyManifest(record, digestOf(record));
      } else {
        naive.log.push({ ...(naive.log.pop() as Entry), decision: record });
        state.applyDecision(record);
      }
    }
  }
});
