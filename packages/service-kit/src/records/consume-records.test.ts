import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IncomingRecord, type OutgoingRecord, partitionOf, SqliteBus } from '@lethe/bus';
import { deadLetterTopic, LetheError, type TopicSpec } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { ResourceStack } from '../lifecycle/resource-stack.ts';
import { stuckWork } from '../lifecycle/work-watch.ts';
import { silentLog } from '../log/log.ts';
import { readTopic } from '../testing/read-topic.ts';
import { type ConsumeRecordsOptions, consumeRecords } from './consume-records.ts';
import { deadLetter, done, fatal, retry } from './outcome.ts';

const source: TopicSpec = { name: 'in', partitions: 2, retentionMs: 86_400_000 };
const target: TopicSpec = { name: 'out', partitions: 1, retentionMs: 86_400_000 };
const letters = deadLetterTopic(source);
const keys = ['a', 'b', 'c', 'd', 'e'];
const left = keys.find((key) => partitionOf(key, source.partitions) === 0)!;
const right = keys.find((key) => partitionOf(key, source.partitions) === 1)!;

async function openBus() {
  const stack = new ResourceStack();
  const folder = await mkdtemp(join(tmpdir(), 'lethe-loop-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const bus = stack.use(await SqliteBus.open({ file: join(folder, 'bus.sqlite') }));
  await bus.ensureTopics([source, target, letters]);
  const failures: Error[] = [];
  return {
    bus,
    failures,
    send: (key: string, ...texts: string[]) =>
      bus.publish(texts.map((text) => ({ topic: source.name, key, value: Buffer.from(text) }))),
    consume: (handle: ConsumeRecordsOptions['handle']) =>
      consumeRecords(bus, {
        group: 'g',
        topics: [source],
        stage: 'test',
        handle,
        log: silentLog,
        onFatal: (error) => failures.push(error),
        backoff: () => 1,
      }),
    uncommitted: async () =>
      Number((await bus.lag('g', [source.name])).reduce((sum, { lag }) => sum + lag, 0n)),
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

function echo({ value }: IncomingRecord): OutgoingRecord {
  return { topic: target.name, key: 'k', value };
}

function textOf({ value }: { value: Uint8Array }): string {
  return Buffer.from(value).toString();
}

describe('consumeRecords', () => {
  it('is stuck when a handler never ends, and no longer when it got on', async () => {
    await using fixture = await openBus();
    const gate = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    await using _ = await fixture.consume(async () => {
      entered.resolve();
      await gate.promise;
      return done();
    });
    await fixture.send(left, '1');
    await entered.promise;
    const inAnHour = () => stuckWork(performance.now() + 3_600_000);
    expect(inAnHour()).toMatch(/^handling records as group g does not get on/);
    gate.resolve();
    await expect.poll(inAnHour).toBeUndefined();
  });

  it('commits what was done together with its records, in order', async () => {
    await using fixture = await openBus();
    await fixture.send(left, '1', '2', '3');
    await using _ = await fixture.consume(async (record) => done([echo(record)]));
    await expect.poll(fixture.uncommitted).toBe(0);
    expect((await readTopic(fixture.bus, target)).map(textOf)).toEqual(['1', '2', '3']);
  });

  it('retries the same record until it is done; what is behind it of the same key waits', async () => {
    await using fixture = await openBus();
    await fixture.send(left, 'stubborn', 'next');
    const seen: string[] = [];
    await using _ = await fixture.consume(async (record, { attempt }) => {
      seen.push(`${textOf(record)} ${attempt}`);
      return textOf(record) === 'stubborn' && attempt < 3 ? retry('not yet') : done();
    });
    await expect.poll(fixture.uncommitted).toBe(0);
    expect(seen).toEqual(['stubborn 1', 'stubborn 2', 'stubborn 3', 'next 1']);
  });

  it('lets other partitions go on while one retries', async () => {
    await using fixture = await openBus();
    const seen: string[] = [];
    await using _ = await fixture.consume(async (record) => {
      if (record.key === left) return retry('never', 5);
      seen.push(textOf(record));
      return done();
    });
    await fixture.send(left, 'stuck');
    await fixture.send(right, '1', '2');
    await expect.poll(() => seen).toEqual(['1', '2']);
    await expect.poll(fixture.uncommitted).toBe(1);
  });

  it('sets a record aside with its bytes, its headers and what went wrong', async () => {
    await using fixture = await openBus();
    const headers = { traceparent: '00-ab' };
    const value = Buffer.from([0, 255]);
    await fixture.bus.publish([{ topic: source.name, key: left, value, headers }]);
    await fixture.send(left, 'next');
    const seen: string[] = [];
    await using _ = await fixture.consume(async (record, { attempt }) => {
      if (textOf(record) !== 'next') return attempt < 2 ? retry('maybe') : deadLetter('bad', 'odd');
      seen.push(textOf(record));
      return done();
    });
    await expect.poll(fixture.uncommitted).toBe(0);
    const [letter] = await readTopic(fixture.bus, letters);
    expect(Buffer.from(letter!.value)).toEqual(value);
    expect(letter).toMatchObject({
      key: left,
      headers: {
        ...headers,
        'lethe-dlq-stage': 'test',
        'lethe-dlq-reason': 'bad',
        'lethe-dlq-error': 'odd',
        'lethe-dlq-attempt': '2',
        'lethe-dlq-source': expect.stringMatching(/^in\/\d\/0$/),
      },
    });
    expect(seen).toEqual(['next']);
  });

  it.each([
    ['unavailable', 7, []],
    ['invalid', 1, ['1']],
    ['corrupt', 1, ['1']],
    ['internal', 5, ['5']],
  ] as const)('takes a thrown %s error by its code: %i attempts', async (code, attempts, told) => {
    await using fixture = await openBus();
    await fixture.send(left, 'x');
    let count = 0;
    await using _ = await fixture.consume(async () => {
      count++;
      if (count < 7) throw new LetheError(code, 'no');
      return done();
    });
    await expect.poll(fixture.uncommitted).toBe(0);
    expect(count).toBe(attempts);
    const found = await readTopic(fixture.bus, letters);
    expect(found.map(({ headers }) => headers['lethe-dlq-attempt'])).toEqual(told);
  });

  it('never writes a value that somebody sent into a dead letter (P6)', async () => {
    await using fixture = await openBus();
    await fixture.send(left, 'x');
    await using _ = await fixture.consume(async () => {
      throw LetheError.invalid('subject', 'jane-4711', 'is odd', 'Mend it.');
    });
    await expect.poll(fixture.uncommitted).toBe(0);
    const [letter] = await readTopic(fixture.bus, letters);
    expect(letter?.headers['lethe-dlq-reason']).toBe('subject is odd');
  });

  it('sets the biggest record there can be aside with all its bytes', async () => {
    await using fixture = await openBus();
    const value = Buffer.alloc(1024 * 1024 - 1, 7);
    await fixture.bus.publish([{ topic: source.name, key: left, value }]);
    await using _ = await fixture.consume(async () => deadLetter('bad'));
    await expect.poll(fixture.uncommitted).toBe(0);
    const [letter] = await readTopic(fixture.bus, letters);
    expect(Buffer.from(letter!.value).equals(value)).toBe(true);
  });

  it('stops on a fatal outcome without committing', async () => {
    await using fixture = await openBus();
    await fixture.send(left, 'x', 'y');
    await using _ = await fixture.consume(async () => fatal('wrong store'));
    await expect
      .poll(() => fixture.failures.map(({ message }) => message))
      .toEqual(['wrong store']);
    expect(await fixture.uncommitted()).toBe(2);
  });

  it('ends a wait between attempts when it is disposed of', async () => {
    await using fixture = await openBus();
    await fixture.send(left, 'x');
    let attempts = 0;
    const consumption = await fixture.consume(async () => {
      attempts++;
      return retry('later', 3_600_000);
    });
    await expect.poll(() => attempts).toBe(1);
    await consumption[Symbol.asyncDispose]();
    expect(await fixture.uncommitted()).toBe(1);
  });
});
