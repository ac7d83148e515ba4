// Whole pipelines on a real broker and a real MinIO, when things around the services go wrong.
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IntakeAnswer } from '@lethe/contracts';
import { KeyRing } from '@lethe/evidence';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Pipeline } from '../chaos/pipeline.ts';
import {
  createTopicRaw,
  type Doors,
  loseEverything,
  produceRaw,
  serverSurroundings,
} from '../chaos/server-surroundings.ts';
import { type PlannedRequest, wireRequest } from '../chaos/world.ts';
import { lethe, temporaryFolder } from '../support/lethe-process.ts';
import { ServerProcess } from '../support/servers/server-process.ts';
import { SlowDoor } from '../support/servers/slow-door.ts';

const models = 8;
const requested = 'deletion.requested.v1';
const intake = 'deletion.intake.v1';
const slow = { timeout: 120_000, interval: 500 };

describe('a pipeline on a broker and a store that have bad days', () => {
  let pipeline: Pipeline;
  // Shared, as by services that are run apart in earnest: who is asked must know every signer.
  const secrets = temporaryFolder();
  const keys = join(secrets.path, 'keys');
  let doors: Doors;
  beforeAll(async () => {
    KeyRing.open(keys, new Date());
    doors = { broker: await SlowDoor.open(), store: await SlowDoor.open() };
    pipeline = await Pipeline.start({
      open: (folder) => serverSurroundings(folder, 1, doors),
      requests: 400,
      models,
      settings: {
        LETHE_KAFKA_SESSION_TIMEOUT_MS: '6000',
        LETHE_STORE_TIMEOUT_MS: '3000',
        LETHE_KEYS: keys,
      },
    });
  });
  afterAll(async () => {
    await pipeline?.[Symbol.asyncDispose]();
    await doors?.broker[Symbol.asyncDispose]();
    await doors?.store[Symbol.asyncDispose]();
    secrets[Symbol.dispose]();
  });

  test('poison on every partition is set aside, and what comes after it is done', async () => {
    const { surroundings, world } = pipeline;
    const poison = world.modelKeys.map((key) => ({ key, value: Buffer.from('no event at all') }));
    await produceRaw(surroundings, requested, poison);
    await pipeline.untilCompleted(await pipeline.send(models * 2));
    const letters = (await surroundings.observer.readTopics()).get(`${requested}.dlq`) ?? [];
    expect(letters.map(({ key }) => key).sort()).toEqual([...world.modelKeys].sort());
    expect(letters.every(({ value }) => Buffer.from(value).toString() === 'no event at all')).toBe(
      true,
    );
  });

  test('an event of the intake topic becomes a request with a receipt; a bad one before it waits for a command', async () => {
    const { surroundings, fleet, world, accepted } = pipeline;
    // One that no other test sends.
    const request = world.requests.at(-1)!;
    const event = (value: string) => ({
      key: request.modelKey,
      headers: { 'content-type': 'application/cloudevents+json' },
      value: Buffer.from(value),
    });
    const good = {
      specversion: '1.0',
      type: 'lethe.deletion.request.v1',
      source: request.emitter,
      id: request.requestId,
      data: { model_key: request.modelKey, scope: { subject: request.subject } },
    };
    const events = ['{ "specversion": ', JSON.stringify(good)].map(event);
    await produceRaw(surroundings, intake, events);
    accepted.push(request);
    await pipeline.untilCompleted([request]);
    const answers = (await surroundings.observer.readTopics()).get('deletion.receipt.v1') ?? [];
    expect(answers.map(({ value }) => IntakeAnswer.decode(value).answer?.$case).toSorted()).toEqual(
      ['receipt', 'refusal'],
    );

    const { address } = fleet.member('registry-1');
    const dlq = async (...args: string[]) => {
      const told = await lethe(['dlq', ...args, '--address', address, '--json']);
      expect(told).toMatchObject({ code: 0 });
      const lines = told.stdout.split('\n').filter(Boolean);
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    };
    const waiting = async () => (await dlq('list')).filter(({ topic }) => topic === intake);
    await expect.poll(waiting, slow).toMatchObject([{ errorClass: 'invalid' }]);
    const [letter] = await waiting();
    const replayed = await dlq('replay', String(letter?.['id']), '--reason', 'a test');
    expect(replayed).toHaveLength(1);
    // It is as bad as before, and comes back as what it is.
    await expect.poll(waiting, slow).toMatchObject([{ replayOf: letter?.['id'] }]);
    const [again] = await waiting();
    await dlq('drop', String(again?.['id']), '--reason', 'a test');
    expect(await waiting()).toEqual([]);
  });

  test('an event of 5 MB is refused at the door, by the broker and by ingest', async () => {
    const { surroundings, fleet } = pipeline;
    const event = { key: 'chaos-1', value: Buffer.alloc(5 * 2 ** 20) };
    await expect(produceRaw(surroundings, requested, [event])).rejects.toThrow(/too large|larger/i);
    const ids = Array.from({ length: 99_000 }, (_, index) => `${'x'.repeat(45)}-${index}`);
    const answer = await fetch(`${fleet.ingestUrl}/v1/deletions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ emitter: 'shop', model_key: 'chaos-1', scope: { samples: { ids } } }),
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(await readiness('ingest-1')).toMatchObject({ kind: 'ready' });
  });

  test('an event of 5 MB that came packed is set aside with an answer, wherever it came, and what follows is done', async () => {
    const { surroundings, world, accepted } = pipeline;
    const [request] = world.requests.slice(-2);
    const event = (extensions: object) => ({
      key: request!.modelKey,
      headers: { 'content-type': 'application/cloudevents+json' },
      value: Buffer.from(
        JSON.stringify({
          specversion: '1.0',
          type: 'lethe.deletion.request.v1',
          source: request!.emitter,
          id: request!.requestId,
          data: { model_key: request!.modelKey, scope: { subject: request!.subject } },
          ...extensions,
        }),
      ),
    });
    const large = event({ padding: 'x'.repeat(5 * 2 ** 20) });
    // The broker sees some kilobytes. The second is on a topic that only services should write to.
    for (const topic of [intake, requested]) await produceRaw(surroundings, topic, [large], 'gzip');
    await produceRaw(surroundings, intake, [event({})]);
    accepted.push(request!);
    await pipeline.untilCompleted([request!]);
    const topics = await surroundings.observer.readTopics();
    const answers = (topics.get('deletion.receipt.v1') ?? []).map(
      ({ value }) => IntakeAnswer.decode(value).answer,
    );
    expect(answers.filter((answer) => answer?.$case === 'receipt')).toHaveLength(2);
    const reason = 'event has more than 1048576 bytes';
    expect(answers).toContainEqual({
      $case: 'refusal',
      value: expect.objectContaining({ reason }),
    });
    for (const topic of [intake, requested]) {
      const letter = topics.get(`${topic}.dlq`)?.at(-1);
      expect(Buffer.from(letter!.value).toString()).toMatch(/^52\d{5} bytes, SHA-256 /);
    }
  });

  test.each([
    ['broker', /kafka|broker/i],
    ['store', /bucket|store/i],
  ])(
    'while the %s is dead nobody is ready, with the reason; then all goes on without a restart',
    async (name, reason) => {
      const before = processIds();
      const server = await victim(name);
      await server.kill();
      const sent = pipeline.send(models * 2);
      for (const member of ['unlearner-1', 'evaluator-2', 'registry-1']) {
        await expect
          .poll(() => readiness(member), slow)
          .toMatchObject({
            kind: 'not-ready',
            reason: expect.stringMatching(reason),
          });
      }
      await server.restart();
      await pipeline.untilCompleted(await sent);
      for (const { name: member } of pipeline.fleet.members) {
        await expect.poll(() => readiness(member), slow).toMatchObject({ kind: 'ready' });
      }
      expect(processIds()).toEqual(before);
    },
  );

  test.each(['broker', 'store'])(
    'a %s that stands still for a while costs time and nothing else',
    async (name) => {
      const before = processIds();
      const server = await victim(name);
      const sent = pipeline.send(models);
      await server.pause();
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      server.resume();
      await pipeline.untilCompleted(await sent);
      expect(processIds()).toEqual(before);
    },
  );

  test('a service that starts before its broker waits for it and says so', async () => {
    const broker = await victim('broker');
    const registry = pipeline.fleet.member('registry-2');
    registry.held = true;
    await registry.process?.kill();
    await broker.kill();
    registry.held = false;
    await expect
      .poll(() => readiness('registry-2'), slow)
      .toMatchObject({
        kind: 'not-ready',
        reason: expect.stringMatching(/kafka|broker/i),
      });
    await broker.restart();
    await expect.poll(() => readiness('registry-2'), slow).toMatchObject({ kind: 'ready' });
  });

  test('services that start before a broker and a store that are slow say whose answer they wait for, and need no restart', async () => {
    const { fleet } = pipeline;
    const started = ['ingest-1', 'unlearner-1', 'evaluator-1', 'registry-1'].map((name) =>
      fleet.member(name),
    );
    const sent = await pipeline.send(models * 2);
    for (const member of started) member.held = true;
    await Promise.all(started.map((member) => member.process?.kill()));
    // Connections are taken, and nothing is answered.
    for (const door of [doors.broker, doors.store]) door.delayMs = Number.POSITIVE_INFINITY;
    for (const member of started) member.held = false;
    const ended = [...fleet.endedByThemselves];
    const ids = () => started.map(({ process }) => process?.processId);
    await expect.poll(ids, slow).not.toContain(undefined);
    const before = ids();
    const states = () => Promise.all(started.map(({ name }) => readiness(name)));
    const waitsFor = (reason: RegExp) =>
      started.map(() => ({ kind: 'not-ready', reason: expect.stringMatching(reason) }));
    await expect.poll(states, slow).toMatchObject(waitsFor(/message bus kafka:.* for [1-9]\d* s/));
    doors.broker.delayMs = 100;
    await expect.poll(states, slow).toMatchObject(waitsFor(/object store|bucket/));
    doors.store.delayMs = 100;
    await expect.poll(states, slow).toEqual(started.map(() => ({ kind: 'ready' })));
    // Slow in the middle of the work, too.
    await pipeline.untilCompleted([...sent, ...(await pipeline.send(models))]);
    expect(fleet.endedByThemselves).toEqual(ended);
    expect(ids()).toEqual(before);
    for (const door of [doors.broker, doors.store]) door.delayMs = 0;
  });

  test('a manifest altered by hand stops its model, loudly, and no other; restored, it goes on', async () => {
    const { surroundings, fleet, world } = pipeline;
    const key = 'models/chaos-1/manifests/0000000001.json';
    const store = await surroundings.openStore();
    const original = (await store.get(key))!.bytes;
    const altered = Buffer.from(original).toString().replace('"shop-1"', '"shop-9"');
    expect(altered).not.toBe(Buffer.from(original).toString());
    await store.put(key, Buffer.from(altered));
    for (const name of ['unlearner-1', 'unlearner-2']) await fleet.member(name).process?.kill();
    const sent = await pipeline.send(models);
    await pipeline.untilCompleted(sent.filter(({ modelKey }) => modelKey !== 'chaos-1'));
    const logs = () => fleet.logOf('unlearner-1') + fleet.logOf('unlearner-2');
    await expect.poll(logs, slow).toMatch(/"code":"corrupt"[^\n]*chaos-1/);
    // While no other model has work, that is all that the owner of the partition can do.
    await expect
      .poll(async () => await Promise.all(['unlearner-1', 'unlearner-2'].map(readiness)), slow)
      .toContainEqual({ kind: 'not-ready', reason: expect.stringContaining('chaos-1') });
    const mine = sent.filter(({ modelKey }) => modelKey === 'chaos-1');
    const endings = await pipeline.endings();
    expect(mine.map(({ emitter, requestId }) => endings.get(`${emitter}/${requestId}`))).toEqual([
      'open',
    ]);
    await store.put(key, original);
    await store[Symbol.asyncDispose]();
    await pipeline.untilCompleted(mine);
    expect(world.modelKeys).toContain('chaos-1');
  });

  test('and through all of it every request was applied once', async () => {
    // The poison of the first tests, and the dead letters that it became.
    const poison =
      /^deletion\.requested\.v1(\.dlq holds 9 records| \d\/\d+ is no event)|^deletion\.intake\.v1\.dlq holds 3/;
    const { violations, figures } = await pipeline.check(poison);
    expect(violations.filter((violation) => !poison.test(violation))).toEqual([]);
    expect(violations).toHaveLength(2 + models + 1);
    expect(figures).toMatchObject({ lost: 0, twice: 0 });
  });

  test('a store and topics that are lost come back from a backup, and nothing is done twice', async () => {
    const { surroundings, fleet, accepted, folder, world } = pipeline;
    const { LETHE_BUS = '', LETHE_STORE = '' } = surroundings.serviceEnv;
    const store = [
      ...['--store', LETHE_STORE],
      ...['--store-access-key-file', surroundings.serviceEnv['LETHE_STORE_ACCESS_KEY_FILE']!],
      ...['--store-secret-key-file', surroundings.serviceEnv['LETHE_STORE_SECRET_KEY_FILE']!],
    ];
    const succeeds = async (...args: string[]) => {
      const { code, stderr } = await lethe(args);
      expect(code, stderr).toBe(0);
    };
    const attempts = async () =>
      (await surroundings.observer.listObjects('models/')).filter((key) =>
        key.includes('/manifests/'),
      );
    const ingest = join(folder, 'ingest-1');
    const index = join(ingest, 'index.sqlite');
    using outside = temporaryFolder();
    const [backup, files] = [join(outside.path, 'backup'), join(outside.path, 'files')];
    const receipt = await receiptOf(world.requests[0]!);
    await succeeds('backup', backup, ...store, '--index', index, '--keys', keys);
    await succeeds('restore', backup, '--drill');
    const before = await attempts();

    for (const member of fleet.members) {
      member.held = true;
      await member.process?.kill();
    }
    await loseEverything(surroundings);
    for (const lost of [ingest, keys]) rmSync(lost, { recursive: true });
    for (const name of ['registry-1', 'registry-2']) {
      for (const file of readdirSync(join(folder, name))) {
        if (file.startsWith('projection')) rmSync(join(folder, name, file), { recursive: true });
      }
    }
    await succeeds('topics', 'apply', '--bus', LETHE_BUS);
    await succeeds('restore', backup, ...store, '--files', files, '--bus', LETHE_BUS);
    mkdirSync(ingest);
    renameSync(join(files, 'ingest.sqlite'), index);
    renameSync(join(files, 'keys'), keys);
    for (const member of fleet.members) member.held = false;

    const { address } = fleet.member('registry-1');
    const completed = async () => {
      const states = ['status', '--state', 'completed', '--limit', '1000', '--json'];
      const { stdout } = await lethe([...states, '--address', address]);
      return stdout.split('\n').filter(Boolean).length;
    };
    await expect.poll(completed, slow).toBe(accepted.length);
    await expect.poll(() => readiness('ingest-1'), slow).toMatchObject({ kind: 'ready' });
    expect(await receiptOf(world.requests[0]!)).toEqual(receipt);
    expect(await attempts()).toEqual(before);
    await pipeline.untilCompleted(await pipeline.send(models));
  });

  /** The same request again: what an emitter does that did not hear its receipt. */
  async function receiptOf(request: PlannedRequest) {
    const answer = await fetch(`${pipeline.fleet.ingestUrl}/v1/deletions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(wireRequest(request, pipeline.submittedTime.toISOString())),
    });
    return { status: answer.status, body: await answer.json() };
  }

  async function readiness(name: string): Promise<unknown> {
    const { opsUrl } = pipeline.fleet.member(name);
    return await fetch(`${opsUrl}/readyz`).then(
      (response) => response.json(),
      () => 'no answer',
    );
  }

  async function victim(name: string): Promise<ServerProcess> {
    const found = pipeline.surroundings.victims.find((each) => each.name === name);
    return await found!.pick(() => 0);
  }

  function processIds(): (number | undefined)[] {
    return pipeline.fleet.members.map(({ process }) => process?.processId);
  }
});

test('a topic with too few partitions is refused at the start, by name', async () => {
  using folder = temporaryFolder();
  await using surroundings = await serverSurroundings(folder.path, 1);
  await createTopicRaw(surroundings, requested, 2);
  const registry = ServerProcess.start({
    name: 'registry',
    command: process.execPath,
    args: [fileURLToPath(new URL('../../services/registry/dist/main.js', import.meta.url))],
    folder: folder.path,
    env: {
      ...surroundings.serviceEnv,
      LETHE_CACHE: join(folder.path, 'cache'),
      LETHE_REGISTRY_PROJECTION: join(folder.path, 'projection.sqlite'),
    },
    isReady: (output) => output.includes('"grpc":'),
  });
  await expect(registry).rejects.toThrow(/deletion\.requested\.v1[^\n]*partitions/);
});
