import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IncomingRecord, SqliteBus } from '@lethe/bus';
import { LetheError, topics } from '@lethe/contracts';
import { inSpan, traceIdOf } from '@lethe/telemetry';
import { type RecordedTelemetry, recordTelemetry } from '@lethe/telemetry/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stuckWork } from '../lifecycle/work-watch.ts';
import { silentLog } from '../log/log.ts';
import { consumeRecords } from '../records/consume-records.ts';
import { done } from '../records/outcome.ts';
import { TracedBus } from './traced-bus.ts';

const topic = topics.modelCandidate.name;
const other = topics.modelVerdict.name;
const ours = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const record = (headers?: Record<string, string>) => ({
  topic,
  key: 'm',
  value: new Uint8Array([1]),
  ...(headers === undefined ? {} : { headers }),
});

const isFence = ({ name }: { readonly name: string }) => name === 'fenced';

let folder: string;
let bus: TracedBus;
let telemetry: RecordedTelemetry;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-traced-bus-'));
  bus = new TracedBus(await SqliteBus.open({ file: join(folder, 'bus.sqlite') }));
  await bus.ensureTopics([topics.modelCandidate, topics.modelVerdict]);
  telemetry = recordTelemetry();
});
afterAll(async () => {
  await bus[Symbol.asyncDispose]();
  await telemetry[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Hands the first `count` records of a topic to `handle`, each with its partition's commit. */
async function consume(
  from: string,
  count: number,
  handle: (record: IncomingRecord, commit: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const seen = Promise.withResolvers<void>();
  const failures: Error[] = [];
  let left = count;
  await using _consumption = await bus.consume({
    group: `g-${from}-${count}`,
    topics: [from],
    onPartition: async (partition) => {
      while (!partition.lost.aborted) {
        for (const each of await partition.read(10, 100)) {
          await handle(each, () =>
            partition.commit(each.offset + 1n, [{ ...record(), topic: other }]),
          );
          left -= 1;
          if (left === 0) seen.resolve();
        }
      }
    },
    onFatal: (error) => void failures.push(error),
  });
  await seen.promise;
  expect(failures).toEqual([]);
}

describe('TracedBus', () => {
  it('makes the process count as stuck for as long as its bus stands still', async () => {
    const plain = await SqliteBus.open({ file: join(folder, 'still.sqlite') });
    let reason: LetheError | undefined;
    const still = Object.assign(plain, { standstill: () => reason });
    const traced = new TracedBus(still);
    expect(stuckWork()).toBeUndefined();
    reason = new LetheError('internal', 'the consumer has stopped');
    expect(stuckWork()).toBe('the consumer has stopped');
    await traced[Symbol.asyncDispose]();
    expect(stuckWork()).toBeUndefined();
  });

  it('gives records the context of who sends them, unless they have one', async () => {
    await bus.publish([record()]);
    await inSpan('sender', {}, () => bus.publish([record(), record({ traceparent: ours })]));
    const headers: (string | undefined)[] = [];
    await consume(topic, 3, async (each) => void headers.push(each.headers['traceparent']));
    const sent = telemetry.spans().find(({ name }) => name === `send ${topic}`);
    expect(headers[0]).toBeUndefined();
    expect(traceIdOf(headers[1])).toBe(sent?.spanContext().traceId);
    expect(headers[1]).toContain(sent?.spanContext().spanId);
    expect(headers[2]).toBe(ours);
  });

  it('does so for what goes out in a transaction with an offset', async () => {
    await inSpan('sender', {}, () => bus.publish([record()]));
    await consume(topic, 4, (_each, commit) => inSpan('handler', {}, commit));
    const found: string[] = [];
    await consume(other, 4, async (each) => void found.push(each.headers['traceparent'] ?? ''));
    const handlers = telemetry.spans().filter(({ name }) => name === 'handler');
    const traceIds = handlers.map((span) => span.spanContext().traceId);
    expect(found.map((header) => traceIdOf(header))).toEqual(traceIds);
  });

  it('says how far behind the groups of this process are', async () => {
    await using _consumption = await bus.consume({
      group: 'g-late.6a0b2f1c-0a53-4f6e-9a55-8c3d2f0f8a11',
      topics: [topic],
      onPartition: async () => {},
      onFatal: () => {},
    });
    const { end } = (await bus.lag('g-late', [topic])).reduce(
      (sum, { lag }) => ({ end: sum.end + lag }),
      {
        end: 0n,
      },
    );
    await telemetry.scrape();
    await expect
      .poll(() => telemetry.scrape())
      .toContain(
        `lethe_consumer_lag{messaging_destination_name="${topic}",messaging_consumer_group_name="g-late"} ${end}`,
      );
  });

  it('counts a commit that another owner made impossible, and tells its span', async () => {
    const refused = Promise.withResolvers<void>();
    const consumption = await bus.consume({
      group: 'g-fenced',
      topics: [other],
      onPartition: async (partition) => {
        await once(partition.lost, 'abort');
        await inSpan('late handler', {}, () => partition.commit(0n, [])).catch(() =>
          refused.resolve(),
        );
      },
      onFatal: () => {},
    });
    await expect.poll(() => consumption.owned().length).toBeGreaterThan(0);
    await consumption[Symbol.asyncDispose]();
    await refused.promise;
    const late = telemetry.spans().find(({ name }) => name === 'late handler');
    expect(late?.events.map(({ name }) => name)).toEqual(['fenced']);
    expect(await telemetry.scrape()).toMatch(
      /lethe_partition_fenced_total\{[^}]*verdict[^}]*\} [1-9]/,
    );
  });

  it("tells a fence in the request's trace when a loop commits what its handlers made", async () => {
    const file = join(folder, 'fenced.sqlite');
    let nowMs = Date.now();
    const now = () => nowMs;
    // A stopped process: it neither polls nor shows signs of life.
    await using old = new TracedBus(await SqliteBus.open({ file, now, pollMs: 3_600_000 }));
    await using successor = new TracedBus(await SqliteBus.open({ file, now }));
    await old.ensureTopics([topics.modelCandidate, topics.modelVerdict]);
    await old.publish([record({ traceparent: ours })]);
    const [begun, resume, taken] = [
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
    ];
    const options = { group: 'g-loop', stage: 'test', log: silentLog, onFatal: () => {} };
    await consumeRecords(old, {
      ...options,
      topics: [topics.modelCandidate],
      handle: async () => {
        begun.resolve();
        await resume.promise;
        return done([{ ...record(), topic: other }]);
      },
    });
    await begun.promise;
    nowMs += 10_001;
    await consumeRecords(successor, {
      ...options,
      topics: [topics.modelCandidate],
      handle: async () => {
        taken.resolve();
        return done();
      },
    });
    await taken.promise;
    resume.resolve();
    const fences = () => telemetry.spans().filter(({ events }) => events.some(isFence));
    const ofLoop = () => fences().find(({ name }) => name === `send ${other}`);
    await expect.poll(ofLoop).toBeDefined();
    const told = ofLoop();
    expect(told?.spanContext().traceId).toBe(traceIdOf(ours));
    expect(told?.attributes['error.type']).toBe('fenced');
    const handled = telemetry.spans().map((span) => [span.spanContext().spanId, span.name]);
    expect(handled).toContainEqual([told?.parentSpanContext?.spanId, `process ${topic}`]);
  });

  it('measures what it writes', async () => {
    const commits = async () =>
      Number(
        /^messaging_client_operation_duration_count\{messaging_system="lethe",messaging_operation_name="commit",outcome="ok"\} (\d+)$/m.exec(
          await telemetry.scrape(),
        )?.[1] ?? 0,
      );
    const before = await commits();
    await bus.publish([record()]);
    await consume(topic, 1, (_each, commit) => commit());
    expect(await commits()).toBeGreaterThan(before);
  });
});
