import { rm } from 'node:fs/promises';
import { type IncomingRecord, type OutgoingRecord, partitionOf } from '@lethe/bus';
import {
  DeadLetterServiceClient,
  DeadLetterState,
  DeletionRequested,
  DeletionStatus,
  deadLetterTopic,
  LetheError,
  RegistryServiceClient,
  RequestState,
  topics,
} from '@lethe/contracts';
import {
  connect,
  deadLetterRecord,
  encodeEvent,
  foreignDeadLetter,
  type Log,
  silentLog,
  startGrpcServer,
  systemClock,
  withoutBody,
} from '@lethe/service-kit';
import { readTopic } from '@lethe/service-kit/testing';
import { describe, expect, it } from 'vitest';
import { createRegistryService } from '../service.ts';
import { openRegistryHome, type RegistryHome } from '../testing/registry-home.ts';

const requestId = '3f0b7c1e-8f43-4a2e-9f0e-0a4b6a1f2d11';
const now = new Date('2026-02-01T12:00:00Z');
const cause = { stage: 'unlearner', reason: 'its model is not registered', errorClass: 'invalid' };
const wanted = { reason: 'the model is there now', actor: 'ana', outOfOrder: false };

async function serve(home: RegistryHome, log: Log = silentLog) {
  const service = createRegistryService({
    ...home,
    log,
    clock: { ...systemClock, now: () => now },
    onFatal: () => {},
  });
  await service.start();
  const server = await startGrpcServer({
    address: '127.0.0.1:0',
    services: service.grpc,
    log: silentLog,
  });
  const letters = connect(DeadLetterServiceClient, server.address);
  const registry = connect(RegistryServiceClient, server.address);
  return {
    letters,
    registry,
    open: async () => (await letters.listDeadLetters(everything)).deadLetters,
    async [Symbol.asyncDispose]() {
      await letters[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    },
  };
}

const everything = { state: 0, topic: '', modelKey: '', limit: 0, pageToken: '' } as const;

/** A deletion request as the unlearner would have read it. */
function requestAt(offset: number, modelKey = 'm1', id = requestId): IncomingRecord {
  const message = DeletionRequested.fromPartial({
    requestId: id,
    emitter: 'shop',
    modelKey,
    deadline: new Date('2026-02-10T00:00:00Z'),
  });
  const { key, value } = encodeEvent(
    topics.deletionRequested,
    modelKey,
    DeletionRequested,
    message,
  );
  return {
    topic: topics.deletionRequested.name,
    partition: partitionOf(modelKey, topics.deletionRequested.partitions),
    offset: BigInt(offset),
    key,
    value,
    headers: { traceparent: '00-ab' },
    timestampMs: now.getTime(),
  };
}

function letterOf(record: IncomingRecord): OutgoingRecord {
  return deadLetterRecord(record, { ...cause, attempt: 1, time: now });
}

describe('dead letters', () => {
  it('are listed with where, why and whose, and seen on the request they hold', async () => {
    await using home = await openRegistryHome();
    await using desk = await serve(home);
    const status = DeletionStatus.fromPartial({
      requestId,
      emitter: 'shop',
      modelKey: 'm1',
      state: RequestState.REQUEST_STATE_ACCEPTED,
    });
    await home.bus.publish([
      encodeEvent(topics.deletionStatus, 'm1', DeletionStatus, status),
      letterOf(requestAt(42)),
    ]);
    await expect.poll(desk.open).toHaveLength(1);
    const list = await desk.letters.listDeadLetters(everything);
    expect(list).toMatchObject({
      openCount: 1,
      openRequestCount: 1,
      nearestDeadline: new Date('2026-02-10T00:00:00Z'),
      deadLetters: [
        {
          id: expect.stringMatching(/^deletion\.requested\.v1\/\d\/42-[0-9a-f]{8}$/),
          stage: 'unlearner',
          reason: 'its model is not registered',
          attempt: 1,
          time: now,
          state: DeadLetterState.DEAD_LETTER_STATE_OPEN,
          requestId,
          emitter: 'shop',
          modelKey: 'm1',
          hasBody: true,
        },
      ],
    });
    await expect
      .poll(() => desk.registry.getRequest({ requestId, emitter: 'shop' }).catch(() => undefined))
      .toMatchObject({ deadLetters: [{ stage: 'unlearner' }] });
  });

  it('are replayed once, with the original bytes, key and headers', async () => {
    await using home = await openRegistryHome();
    await using desk = await serve(home);
    const original = requestAt(3);
    await home.bus.publish([letterOf(original)]);
    await expect.poll(desk.open).toHaveLength(1);
    const [letter] = await desk.open();
    const first = await desk.letters.replayDeadLetter({ id: letter!.id, ...wanted });
    expect(first).toMatchObject({
      already: false,
      deadLetter: { resolution: { actor: 'ana', reason: 'the model is there now', time: now } },
    });
    const second = await desk.letters.replayDeadLetter({ id: letter!.id, ...wanted, actor: 'bo' });
    expect(second).toMatchObject({ already: true, deadLetter: { resolution: { actor: 'ana' } } });
    const sent = await readTopic(home.bus, topics.deletionRequested);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      key: 'm1',
      headers: { traceparent: '00-ab', 'lethe-dlq-replay-of': letter!.id },
    });
    expect(Object.keys(sent[0]!.headers)).toHaveLength(2);
    expect(Buffer.from(sent[0]!.value)).toEqual(Buffer.from(original.value));
    expect(await desk.open()).toEqual([]);
  });

  it('keep their order within a key, unless somebody wants it otherwise', async () => {
    await using home = await openRegistryHome();
    await using desk = await serve(home);
    await home.bus.publish([letterOf(requestAt(1)), letterOf(requestAt(5))]);
    await expect.poll(desk.open).toHaveLength(2);
    const [earlier, later] = (await desk.open()).map(({ id }) => id);
    await expect(desk.letters.replayDeadLetter({ id: later!, ...wanted })).rejects.toThrow(
      `${earlier} came before`,
    );
    await desk.letters.replayDeadLetter({ id: later!, ...wanted, outOfOrder: true });
    expect((await desk.open()).map(({ id }) => id)).toEqual([earlier]);
  });

  it('are dropped with a reason and for good; the request stays open', async () => {
    await using home = await openRegistryHome();
    await using desk = await serve(home);
    await home.bus.publish([letterOf(requestAt(9))]);
    await expect.poll(desk.open).toHaveLength(1);
    const id = (await desk.open())[0]!.id;
    await expect(desk.letters.dropDeadLetter({ id, ...wanted, reason: ' ' })).rejects.toThrow(
      'reason = " ": is empty',
    );
    const answer = await desk.letters.dropDeadLetter({ id, ...wanted });
    expect(answer.note).toContain('legal clock runs on');
    await expect(desk.letters.replayDeadLetter({ id, ...wanted })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect((await desk.letters.getDeadLetter({ id })).value).toHaveLength(0);
    expect(await readTopic(home.bus, topics.deletionRequested)).toEqual([]);
  });

  it('that were decided and not sent when the registry died are sent when somebody asks again', async () => {
    await using home = await openRegistryHome();
    let isDead = true;
    const publish = (records: readonly OutgoingRecord[]) =>
      isDead
        ? Promise.reject(new LetheError('unavailable', 'the bus is away'))
        : home.bus.publish(records);
    const proxied = new Proxy(home.bus, {
      get: (target, name) => {
        if (name === 'publish') return publish;
        const value = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    await home.bus.ensureTopics([deadLetterTopic(topics.deletionRequested)]);
    await home.bus.publish([letterOf(requestAt(9))]);
    await using desk = await serve({ ...home, bus: proxied });
    await expect.poll(desk.open).toHaveLength(1);
    const id = (await desk.open())[0]!.id;
    await expect(desk.letters.replayDeadLetter({ id, ...wanted })).rejects.toThrow('away');
    expect(await desk.open()).toHaveLength(1);
    isDead = false;
    const answer = await desk.letters.replayDeadLetter({ id, ...wanted, actor: 'bo' });
    expect(answer).toMatchObject({ already: false, deadLetter: { resolution: { actor: 'ana' } } });
    expect(await readTopic(home.bus, topics.deletionRequested)).toHaveLength(1);
  });

  it('are sent once when two registries replay at the same time', async () => {
    await using home = await openRegistryHome();
    await using one = await serve(home);
    await using two = await serve({ ...home, projectionFile: `${home.projectionFile}-2` });
    await home.bus.publish([letterOf(requestAt(9))]);
    await expect.poll(one.open).toHaveLength(1);
    await expect.poll(two.open).toHaveLength(1);
    const id = (await one.open())[0]!.id;
    const answers = await Promise.all([
      one.letters.replayDeadLetter({ id, ...wanted, actor: 'ana' }),
      two.letters.replayDeadLetter({ id, ...wanted, actor: 'bo' }),
    ]);
    expect(answers.map(({ already }) => already).sort()).toEqual([false, true]);
    expect(new Set(answers.map(({ deadLetter }) => deadLetter?.resolution?.actor)).size).toBe(1);
    expect(await readTopic(home.bus, topics.deletionRequested)).toHaveLength(1);
    await expect.poll(two.open).toEqual([]);
  });

  it('written twice after a crash count once, and a new index knows what was decided', async () => {
    await using home = await openRegistryHome();
    await home.bus.ensureTopics([deadLetterTopic(topics.deletionRequested)]);
    await home.bus.publish([
      letterOf(requestAt(1)),
      letterOf(requestAt(1)),
      letterOf(requestAt(2)),
    ]);
    {
      await using desk = await serve(home);
      await expect.poll(desk.open).toHaveLength(2);
      await desk.letters.dropDeadLetter({ id: (await desk.open())[0]!.id, ...wanted });
    }
    const file = home.projectionFile.replace('.sqlite', '-dead-letters.sqlite');
    for (const each of [file, `${file}-wal`, `${file}-shm`]) await rm(each, { force: true });
    await using desk = await serve(home);
    await expect.poll(async () => (await desk.open()).map(({ offset }) => offset)).toEqual([2n]);
    const dropped = DeadLetterState.DEAD_LETTER_STATE_DROPPED;
    const { deadLetters } = await desk.letters.listDeadLetters({ ...everything, state: dropped });
    expect(deadLetters).toMatchObject([{ offset: 1n, resolution: { actor: 'ana' } }]);
  });

  it('of strangers keep key and headers inside, and get them back', async () => {
    await using home = await openRegistryHome();
    await using desk = await serve(home);
    const event: IncomingRecord = {
      topic: topics.deletionIntake.name,
      partition: 0,
      offset: 7n,
      key: 'jane@example.org',
      value: Buffer.from([0xff, 0x00]),
      headers: { ce_subject: 'jane' },
      timestampMs: now.getTime(),
    };
    const letter = foreignDeadLetter(event, { ...cause, attempt: 1, time: now });
    expect(JSON.stringify({ key: letter.key, headers: letter.headers })).not.toContain('jane');
    await home.bus.publish([letter]);
    await expect.poll(desk.open).toHaveLength(1);
    const { id } = (await desk.open())[0]!;
    expect(id).not.toContain('jane');
    await desk.letters.replayDeadLetter({ id, ...wanted });
    const [sent] = await readTopic(home.bus, topics.deletionIntake);
    expect(sent).toMatchObject({ key: 'jane@example.org', headers: { ce_subject: 'jane' } });
    expect([...sent!.value]).toEqual([0xff, 0x00]);
  });

  it('without their bytes cannot be replayed, and say where the original is', async () => {
    await using home = await openRegistryHome();
    await using desk = await serve(home);
    const big = { ...requestAt(4), value: Buffer.alloc(600_000) };
    await home.bus.publish([withoutBody(letterOf(big))]);
    await expect.poll(desk.open).toMatchObject([{ hasBody: false }]);
    const { id } = (await desk.open())[0]!;
    await expect(desk.letters.replayDeadLetter({ id, ...wanted })).rejects.toThrow(
      'Its original is at offset 4 of deletion.requested.v1/',
    );
  });

  it('sound the alarm with the days that are left, and do not touch readiness', async () => {
    await using home = await openRegistryHome();
    const alarms: unknown[] = [];
    const log: Log = {
      ...silentLog,
      error: (message, fields) => alarms.push({ message, ...fields }),
      child: () => log,
    };
    await using desk = await serve(home, log);
    await home.bus.publish([letterOf(requestAt(4))]);
    await expect
      .poll(() => alarms)
      .toMatchObject([
        { alert: 'dead_letter', requestId, emitter: 'shop', model: 'm1', daysLeft: 8 },
      ]);
    expect(await desk.open()).toHaveLength(1);
  });

  it('that some other tool put there are shown as they are', async () => {
    await using home = await openRegistryHome();
    await using desk = await serve(home);
    const topic = deadLetterTopic(topics.modelVerdict).name;
    await home.bus.publish([{ topic, key: 'who knows?', value: Buffer.from('x') }]);
    await expect
      .poll(desk.open)
      .toMatchObject([{ topic: topics.modelVerdict.name, stage: '', modelKey: '', hasBody: true }]);
  });

  it('claim what they like in their headers, and still go back to their own topic only', async () => {
    await using home = await openRegistryHome();
    await using desk = await serve(home);
    const topic = deadLetterTopic(topics.deletionStatus).name;
    const headers = {
      'lethe-dlq-source': `${topics.modelVerdict.name}/0/3`,
      'lethe-dlq-attempt': '-1.5',
      'lethe-dlq-reason': 'x'.repeat(100_000),
      'lethe-dlq-emitter': 'Jane Doe',
      'lethe-dlq-time': 'yesterday',
    };
    await home.bus.publish([{ topic, key: 'm1', value: Buffer.from('x'), headers }]);
    await expect
      .poll(desk.open)
      .toMatchObject([
        { topic: topics.deletionStatus.name, offset: 0n, attempt: 0, emitter: '', modelKey: 'm1' },
      ]);
    const [letter] = await desk.open();
    expect(letter?.reason).toHaveLength(500);
    await desk.letters.replayDeadLetter({ id: letter!.id, ...wanted });
    expect(await readTopic(home.bus, topics.modelVerdict)).toEqual([]);
    // It is no status, so the projection sets it aside again.
    await expect.poll(desk.open).toMatchObject([{ stage: 'registry', replayOf: letter!.id }]);
  });

  it('that are not there are not found', async () => {
    await using home = await openRegistryHome();
    await using desk = await serve(home);
    await expect(desk.letters.getDeadLetter({ id: 'x/0/1' })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(desk.letters.replayDeadLetter({ id: 'x/0/1', ...wanted })).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});
