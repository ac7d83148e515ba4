import type { IncomingRecord, OutgoingRecord, OwnedPartition } from '@lethe/bus';
import { LetheError } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log/log.ts';
import type { HandlerContext } from './consume-records.ts';
import { deadLetter, done, maxInternalAttempts, type Outcome, retry } from './outcome.ts';
import { PartitionLoop } from './partition-loop.ts';
import type { OutcomeTiming } from './settled-records.ts';

/** What becomes of a record: so many attempts that fail, then its end. */
interface Fate {
  readonly key: string;
  readonly failures: number;
  readonly failsBy: 'retry' | 'throw';
  readonly end: 'done' | 'dead-letter' | 'internal-error';
  readonly outputs: number;
}

interface Transaction {
  readonly life: number;
  readonly nextOffset: number;
  readonly outputs: readonly string[];
}

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function randomFates(random: () => number, count: number, keys: number): Fate[] {
  return Array.from({ length: count }, () => ({
    key: `k${Math.floor(random() * keys)}`,
    failures: random() < 0.7 ? 0 : Math.floor(random() * 4),
    failsBy: random() < 0.5 ? 'retry' : 'throw',
    end: random() < 0.85 ? 'done' : random() < 0.5 ? 'dead-letter' : 'internal-error',
    outputs: Math.floor(random() * 3),
  }));
}

/** The slow oracle: one record after the other, nothing ever fails. What each key should show. */
function oracle(fates: readonly Fate[]): Map<string, string[]> {
  const shown = new Map<string, string[]>();
  for (const [offset, fate] of fates.entries()) {
    const lines = fate.end === 'done' ? outputsOf(fate, offset) : [`in.dlq ${offset}`];
    shown.set(fate.key, [...(shown.get(fate.key) ?? []), ...lines]);
  }
  return shown;
}

function outputsOf({ outputs }: Fate, offset: number): string[] {
  return Array.from({ length: outputs }, (_, index) => `out ${offset}.${index}`);
}

/** A log with one partition that loses its owner, and owners that die, at random moments. */
class World {
  readonly transactions: Transaction[] = [];
  readonly running = new Set<string>();
  readonly faults: string[] = [];
  committed = 0;
  life = 0;
  readonly #fates: readonly Fate[];
  readonly #random: () => number;
  readonly #trouble: number;

  constructor(fates: readonly Fate[], random: () => number, trouble: number) {
    this.#fates = fates;
    this.#random = random;
    this.#trouble = trouble;
  }

  /** Hands the partition over again and again until all of it is committed. */
  async runToTheEnd(options: {
    windowSize: number;
    concurrency: number;
    outcomes?: OutcomeTiming;
  }): Promise<void> {
    while (this.committed < this.#fates.length) {
      this.life += 1;
      const lost = new AbortController();
      const attempts = new Map<string, string>();
      const loop = new PartitionLoop(this.#partition(lost), {
        group: 'g',
        topics: [],
        stage: 'test',
        handle: (record, context) => this.#handle(record, context, attempts),
        log: silentLog,
        onFatal: (error) => this.faults.push(`fatal: ${error.message}`),
        backoff: () => 0,
        ...options,
      });
      await loop.run().catch(() => {});
      if (this.running.size > 0) this.faults.push('a handler outlived its partition');
      lost.abort();
    }
  }

  #partition(lost: AbortController): OwnedPartition {
    let next = this.committed;
    const lose = () => {
      lost.abort();
      return new LetheError('unavailable', 'nobody knows');
    };
    return {
      topic: 'in',
      partition: 0,
      start: { offset: BigInt(next), mark: '' },
      lost: lost.signal,
      read: async (limit) => {
        await this.#turns();
        if (lost.signal.aborted || next === this.#fates.length) {
          if (this.committed === this.#fates.length) lost.abort();
          return [];
        }
        const count = Math.min(1 + Math.floor(this.#random() * limit), this.#fates.length - next);
        const records = Array.from({ length: count }, (_, at) => this.#record(next + at));
        next += count;
        return records;
      },
      commit: async (nextOffset, records) => {
        await this.#turns();
        if (lost.signal.aborted) throw new LetheError('fenced', 'lost');
        const fate = this.#random();
        if (fate < this.#trouble) throw lose();
        this.committed = Number(nextOffset);
        const outputs = records.map((record) => `${record.key} ${lineOf(record)}`);
        this.transactions.push({ life: this.life, nextOffset: this.committed, outputs });
        if (fate < 2 * this.#trouble) throw lose();
        if (this.committed === this.#fates.length) lost.abort();
      },
    };
  }

  async #handle(
    { offset, key }: IncomingRecord,
    { attempt, signal }: HandlerContext,
    attempts: Map<string, string>,
  ): Promise<Outcome> {
    if (signal.aborted) this.faults.push('handled after the end');
    if (this.running.has(key)) this.faults.push(`two records of ${key} at once`);
    const before = attempts.get(key);
    if (attempt > 1 && before !== `${offset} ${attempt - 1}`) {
      this.faults.push(`${offset} attempt ${attempt} came after ${before}`);
    }
    attempts.set(key, `${offset} ${attempt}`);
    this.running.add(key);
    await this.#turns();
    this.running.delete(key);
    const fate = this.#fates[Number(offset)]!;
    if (fate.end === 'internal-error') throw new Error('nobody expected this');
    if (attempt <= fate.failures) {
      if (fate.failsBy === 'retry') return retry('not yet');
      throw new LetheError('unavailable', 'not yet');
    }
    if (fate.end === 'dead-letter') return deadLetter('poison');
    return done(
      outputsOf(fate, Number(offset)).map((text) => ({
        topic: 'out',
        key,
        value: Buffer.from(text.slice(4)),
      })),
    );
  }

  #record(offset: number): IncomingRecord {
    const { key } = this.#fates[offset]!;
    const value = Buffer.from(`${offset}`);
    const place = { topic: 'in', partition: 0, offset: BigInt(offset) };
    return { ...place, key, value, headers: {}, timestampMs: 0 };
  }

  /** Some turns of the event loop, so that everything interleaves. */
  async #turns(): Promise<void> {
    for (let turns = Math.floor(this.#random() * 3); turns > 0; turns--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function lineOf({ topic, value }: OutgoingRecord): string {
  return `${topic} ${Buffer.from(value).toString()}`;
}

/** What each key shows, the same line again left out. */
function shownBy(transactions: readonly Transaction[]): Map<string, string[]> {
  const shown = new Map<string, string[]>();
  for (const line of new Set(transactions.flatMap(({ outputs }) => outputs))) {
    const [key = '', ...rest] = line.split(' ');
    shown.set(key, [...(shown.get(key) ?? []), rest.join(' ')]);
  }
  return shown;
}

/** Lines that were written again although the offset had passed their record. */
function needlessRepetitions(transactions: readonly Transaction[]): string[] {
  const seen = new Map<string, number>();
  const needless: string[] = [];
  let committed = 0;
  for (const { life, nextOffset, outputs } of transactions) {
    for (const line of outputs) {
      const offset = Number(/(\d+)(\.\d+)?$/.exec(line)![1]);
      if (seen.has(line) && (seen.get(line) === life || offset < committed)) needless.push(line);
      seen.set(line, life);
    }
    committed = nextOffset;
  }
  return needless;
}

function withoutEmpty(map: Map<string, string[]>): Map<string, string[]> {
  return new Map([...map].filter(([, lines]) => lines.length > 0).sort());
}

describe('the loop over one partition', () => {
  it.each([
    ['nothing goes wrong', 0],
    ['one transaction in ten is lost or its outcome unknown', 0.05],
    ['one transaction in six is lost or its outcome unknown', 0.08],
  ])(
    'shows each key what a slow loop would, in order, whatever happens: %s',
    async (_, trouble) => {
      for (let seed = 0; seed < 60; seed++) {
        const random = seeded(seed);
        const fates = randomFates(random, 5 + Math.floor(random() * 120), 1 + (seed % 9));
        const world = new World(fates, random, trouble);
        const windowSize = 1 + Math.floor(random() * 40);
        const concurrency = 1 + Math.floor(random() * 5);
        await world.runToTheEnd({ windowSize, concurrency });
        const told = `seed ${seed}`;
        expect(world.faults, told).toEqual([]);
        expect(withoutEmpty(shownBy(world.transactions)), told).toEqual(
          withoutEmpty(oracle(fates)),
        );
        expect(needlessRepetitions(world.transactions), told).toEqual([]);
      }
    },
  );

  it('writes what came of each record exactly once where it waits for the offset', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = seeded(seed);
      const fates = randomFates(random, 5 + Math.floor(random() * 120), 1 + (seed % 9));
      const world = new World(fates, random, 0.05);
      const windowSize = 1 + Math.floor(random() * 40);
      await world.runToTheEnd({ windowSize, concurrency: 3, outcomes: 'with-offset' });
      expect(world.faults, `seed ${seed}`).toEqual([]);
      const lines = world.transactions.flatMap(({ outputs }) => outputs);
      expect(lines.length, `seed ${seed}`).toBe(new Set(lines).size);
      expect(withoutEmpty(shownBy(world.transactions))).toEqual(withoutEmpty(oracle(fates)));
    }
  });

  it('lets the others go on for as long as one model is retried, in bounded memory', async () => {
    const fates = Array.from({ length: 20_000 }, (_, offset): Fate => {
      const isStuck = offset === 0 || offset === 1;
      const key = isStuck ? 'stuck' : `k${offset % 7}`;
      return { key, failures: 0, failsBy: 'retry', end: 'done', outputs: 1 };
    });
    const outputs: string[] = [];
    const lost = new AbortController();
    let next = 0;
    let committed = 0n;
    let isStuck = true;
    const all = Promise.withResolvers<void>();
    const loop = new PartitionLoop(
      {
        topic: 'in',
        partition: 0,
        start: { offset: 0n, mark: '' },
        lost: lost.signal,
        async read(limit) {
          await new Promise((resolve) => setImmediate(resolve));
          const from = next;
          next = Math.min(fates.length, next + limit);
          return fates.slice(from, next).map(({ key }, at) => ({
            topic: 'in',
            partition: 0,
            offset: BigInt(from + at),
            key,
            value: Buffer.from(`${from + at}`),
            headers: {},
            timestampMs: 0,
          }));
        },
        async commit(nextOffset, records) {
          committed = nextOffset;
          outputs.push(...records.map(({ value }) => Buffer.from(value).toString()));
          if (outputs.length >= fates.length - 2) all.resolve();
          if (nextOffset === BigInt(fates.length)) lost.abort();
        },
      },
      {
        group: 'g',
        topics: [],
        stage: 'test',
        handle: async ({ key, value }) =>
          key === 'stuck' && isStuck ? retry('not yet') : done([{ topic: 'out', key, value }]),
        log: silentLog,
        onFatal: () => {},
        backoff: () => 1,
        windowSize: 50,
      },
    );
    const running = loop.run();
    await all.promise;
    expect(committed).toBe(0n);
    isStuck = false;
    await running;
    expect(committed).toBe(BigInt(fates.length));
    expect(outputs.slice(-2)).toEqual(['0', '1']);
  });

  it('reads no further than its window while nothing settles', async () => {
    const lost = new AbortController();
    let next = 0;
    const loop = new PartitionLoop(
      {
        topic: 'in',
        partition: 0,
        start: { offset: 0n, mark: '' },
        lost: lost.signal,
        async read(limit) {
          await new Promise((resolve) => setImmediate(resolve));
          const from = next;
          next += limit;
          return Array.from({ length: limit }, (_, at) => ({
            topic: 'in',
            partition: 0,
            offset: BigInt(from + at),
            key: `k${at % 3}`,
            value: Buffer.from('x'),
            headers: {},
            timestampMs: 0,
          }));
        },
        async commit() {},
      },
      {
        group: 'g',
        topics: [],
        stage: 'test',
        handle: (_, { signal }) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => resolve(done()));
          }),
        log: silentLog,
        onFatal: () => {},
        windowSize: 10,
      },
    );
    const running = loop.run();
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(next).toBe(10);
    lost.abort();
    await running;
  });

  it('gives up on what nobody expected after some attempts, and the next record goes on', async () => {
    const random = seeded(1);
    const fates: Fate[] = [
      { key: 'k', failures: 0, failsBy: 'retry', end: 'internal-error', outputs: 0 },
      { key: 'k', failures: 0, failsBy: 'retry', end: 'done', outputs: 1 },
    ];
    const world = new World(fates, random, 0);
    await world.runToTheEnd({ windowSize: 10, concurrency: 1 });
    expect(maxInternalAttempts).toBeGreaterThan(1);
    expect(shownBy(world.transactions).get('k')).toEqual(['in.dlq 0', 'out 1.0']);
  });

  it('takes turns between lanes, so that a long one does not keep a short one back', async () => {
    const fates = Array.from({ length: 31 }, (_, offset): Fate => {
      const key = offset === 30 ? 'short' : 'long';
      return { key, failures: 0, failsBy: 'retry', end: 'done', outputs: 1 };
    });
    const world = new World(fates, () => 0.99, 0);
    await world.runToTheEnd({ windowSize: 100, concurrency: 1 });
    const order = world.transactions.flatMap(({ outputs }) => outputs);
    expect(order.indexOf('short out 30.0')).toBeLessThan(5);
  });

  it('sets a record aside that is too big for a dead letter, without its bytes', async () => {
    const lost = new AbortController();
    const letters: OutgoingRecord[] = [];
    let isRead = false;
    const value = Buffer.alloc(5 * 1024 * 1024, 1);
    const loop = new PartitionLoop(
      {
        topic: 'in',
        partition: 0,
        start: { offset: 0n, mark: '' },
        lost: lost.signal,
        async read() {
          await new Promise((resolve) => setImmediate(resolve));
          if (isRead) return [];
          isRead = true;
          const place = { topic: 'in', partition: 0, offset: 7n, key: 'k' };
          return [{ ...place, value, headers: {}, timestampMs: 0 }];
        },
        async commit(_, records) {
          const isTooBig = records.some((record) => record.value.length > 1024 * 1024);
          if (isTooBig) throw new LetheError('capacity', 'too big');
          letters.push(...records);
          lost.abort();
        },
      },
      {
        group: 'g',
        topics: [],
        stage: 'test',
        handle: async () => deadLetter('poison'),
        log: silentLog,
        onFatal: () => {},
      },
    );
    await loop.run();
    expect(letters).toMatchObject([
      { headers: { 'lethe-dlq-form': 'omitted', 'lethe-dlq-source': 'in/0/7' } },
    ]);
    expect(Buffer.from(letters[0]!.value).toString()).toMatch(
      /^5242880 bytes, SHA-256 [0-9a-f]{64}$/,
    );
  });
});
