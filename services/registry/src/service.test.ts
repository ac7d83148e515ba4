import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DeletionStatus,
  deadLetterTopic,
  LetheError,
  ModelDecided,
  ModelVerdict,
  Outcome,
  RegistryServiceClient,
  RequestState,
  sha256,
  topics,
} from '@lethe/contracts';
import {
  CallGuard,
  connect,
  encodeEvent,
  type PromiseClient,
  readIdentities,
  silentLog,
  startGrpcServer,
  systemClock,
} from '@lethe/service-kit';
import { readTopic } from '@lethe/service-kit/testing';
import { describe, expect, it } from 'vitest';
import { createRegistryService } from './service.ts';
import { commitCandidate, openRegistryHome, type RegistryHome } from './testing/registry-home.ts';

type Registry = PromiseClient<typeof RegistryServiceClient.service>;

const requestId = '3f0b7c1e-8f43-4a2e-9f0e-0a4b6a1f2d11';
const otherId = '9c1e6a52-1c8d-4b7e-8f6a-5d9c3b2a1f00';

/** A registry on `home`, with a client, while `work` runs. */
async function withRegistry(
  home: RegistryHome,
  work: (registry: Registry) => Promise<void>,
): Promise<void> {
  const failures: Error[] = [];
  await using service = createRegistryService({
    ...home,
    log: silentLog,
    clock: { ...systemClock, now: () => new Date('2026-02-01T12:00:00Z') },
    onFatal: (error) => failures.push(error),
  });
  await service.start();
  await using server = await startGrpcServer({
    address: '127.0.0.1:0',
    services: service.grpc,
    log: silentLog,
  });
  await using client = connect(RegistryServiceClient, server.address);
  await work(client);
  expect(failures).toEqual([]);
}

function status(change: Partial<DeletionStatus> = {}): DeletionStatus {
  return DeletionStatus.fromPartial({
    requestId,
    emitter: 'shop',
    modelKey: 'm1',
    state: RequestState.REQUEST_STATE_ACCEPTED,
    submittedTime: new Date('2026-01-10T00:00:00Z'),
    deadline: new Date('2026-02-10T00:00:00Z'),
    sampleCount: 1,
    ...change,
  } as DeletionStatus);
}

async function tell(home: RegistryHome, ...statuses: DeletionStatus[]): Promise<void> {
  await home.bus.publish(
    statuses.map((each) => encodeEvent(topics.deletionStatus, 'm1', DeletionStatus, each)),
  );
}

async function tellVerdict(home: RegistryHome, event: ModelVerdict): Promise<void> {
  await home.bus.publish([encodeEvent(topics.modelVerdict, event.modelKey, ModelVerdict, event)]);
}

async function stateOf(registry: Registry, emitter = 'shop'): Promise<RequestState | undefined> {
  const found = await registry.getRequest({ requestId, emitter }).catch(() => undefined);
  return found?.current?.state;
}

describe('the registry service', () => {
  it('promotes what passed, tells it, and completes the requests', async () => {
    await using home = await openRegistryHome();
    await withRegistry(home, async (registry) => {
      await tell(home, status());
      const parts = [{ requestId, rows: [1] }];
      await tellVerdict(home, await commitCandidate(home, { sequence: 1, parts }));
      await expect.poll(() => stateOf(registry)).toBe(RequestState.REQUEST_STATE_COMPLETED);
      const found = await registry.getRequest({ requestId, emitter: '' });
      // Should this take long, the request is also spoken of as due.
      const due = RequestState.REQUEST_STATE_DUE;
      expect(found.history.map(({ state }) => state).filter((each) => each !== due)).toEqual([
        RequestState.REQUEST_STATE_ACCEPTED,
        RequestState.REQUEST_STATE_COMPLETED,
      ]);
      expect(found.daysLeft).toBe(8);
      expect(found.deadline).toEqual(new Date('2026-02-10T00:00:00Z'));
      expect(await registry.getServing({ modelKey: 'm1' })).toMatchObject({ sequence: 1 });
      const [decided] = await readTopic(home.bus, topics.modelDecided);
      expect(ModelDecided.decode(decided!.value)).toMatchObject({ sequence: 1, promoted: true });
    });
  });

  it('handles a verdict that is delivered twice once', async () => {
    await using home = await openRegistryHome();
    await withRegistry(home, async (registry) => {
      const event = await commitCandidate(home, { sequence: 1, parts: [{ requestId, rows: [1] }] });
      await tellVerdict(home, event);
      await tellVerdict(home, event);
      await expect
        .poll(async () => (await readTopic(home.bus, topics.modelDecided)).length)
        .toBe(2);
      const [first, second] = await readTopic(home.bus, topics.modelDecided);
      expect(second?.value).toEqual(first?.value);
      await expect.poll(() => stateOf(registry)).toBe(RequestState.REQUEST_STATE_COMPLETED);
      const { history } = await registry.getRequest({ requestId, emitter: 'shop' });
      expect(history).toHaveLength(1);
      expect((await registry.getServing({ modelKey: 'm1' })).generation).toBe(2);
    });
  });

  it('sets a verdict aside that nothing backs, and goes on', async () => {
    await using home = await openRegistryHome();
    await withRegistry(home, async (registry) => {
      const forged = ModelVerdict.fromPartial({
        modelKey: 'm1',
        sequence: 9,
        outcome: Outcome.OUTCOME_PASS,
      });
      await tellVerdict(home, forged);
      await tellVerdict(home, await commitCandidate(home, { sequence: 1 }));
      await expect
        .poll(async () => (await registry.getServing({ modelKey: 'm1' })).sequence)
        .toBe(1);
      const [letter] = await readTopic(home.bus, deadLetterTopic(topics.modelVerdict));
      expect(ModelVerdict.decode(letter!.value)).toEqual(forged);
      expect(letter?.headers).toMatchObject({
        'lethe-dlq-stage': 'registry',
        'lethe-dlq-error': 'corrupt',
      });
    });
  });

  it('decides at its start on a verdict whose event was lost', async () => {
    await using home = await openRegistryHome();
    await withRegistry(home, async () => {});
    await commitCandidate(home, { sequence: 1, outcome: Outcome.OUTCOME_FAIL });
    await commitCandidate(home, { sequence: 2, parts: [{ requestId, rows: [1] }] });
    await withRegistry(home, async (registry) => {
      expect(await registry.getServing({ modelKey: 'm1' })).toMatchObject({ sequence: 2 });
      await expect.poll(() => stateOf(registry)).toBe(RequestState.REQUEST_STATE_COMPLETED);
    });
    expect((await home.lineage.decision('m1', 1))?.record.promoted).toBe(false);
  });

  it('serves the original of a model that is registered while it runs', async () => {
    await using home = await openRegistryHome();
    await withRegistry(home, async (registry) => {
      await home.register('m2');
      await expect
        .poll(async () => (await home.lineage.serving('m2'))?.pointer)
        .toMatchObject({ generation: 1, sequence: 0 });
      const { models } = await registry.listModels({});
      expect(models.map((each) => each.registration?.modelKey)).toEqual(['m1', 'm2']);
    });
  });

  it('streams the pointer and every move of it', async () => {
    await using home = await openRegistryHome();
    await withRegistry(home, async (registry) => {
      const seen: number[] = [];
      const watching = (async () => {
        const moves = registry.watchServing({ modelKey: 'm1', afterGeneration: 0 });
        for await (const { sequence } of moves) {
          seen.push(sequence);
          if (seen.length === 4) return;
        }
      })();
      await expect.poll(() => seen).toEqual([0]);
      for (let sequence = 1; sequence <= 3; sequence++) {
        await tellVerdict(home, await commitCandidate(home, { sequence, parent: sequence - 1 }));
      }
      await watching;
      expect(seen).toEqual([0, 1, 2, 3]);
    });
  });

  it('sees moves that another process made', async () => {
    await using home = await openRegistryHome();
    await withRegistry(home, async (registry) => {
      const moves = registry.watchServing({ modelKey: 'm1', afterGeneration: 1 });
      const next = moves[Symbol.asyncIterator]().next();
      const serving = (await home.lineage.serving('m1'))!;
      const pointer = { ...serving.pointer, generation: 2, sequence: 1 };
      await home.lineage.moveServing(pointer, serving.etag);
      expect((await next).value).toMatchObject({ generation: 2 });
    });
  });

  it('makes its view of requests anew from the bus when the file is gone', async () => {
    await using home = await openRegistryHome();
    const settled = async (registry: Registry) => {
      const ask = () => registry.getRequest({ requestId, emitter: 'shop' }).catch(() => undefined);
      await expect.poll(async () => (await ask())?.history.length).toBe(4);
      const found = await ask();
      expect(found?.current?.state).toBe(RequestState.REQUEST_STATE_ESCALATED);
      return found;
    };
    // The system's clock runs in here: a deadline that has passed would be spoken of.
    const deadline = new Date('2126-02-10T00:00:00Z');
    const round = { state: RequestState.REQUEST_STATE_IN_ROUND, sequence: 1 };
    const late = { state: RequestState.REQUEST_STATE_IN_ROUND, sequence: 0 };
    const escalated = { state: RequestState.REQUEST_STATE_ESCALATED, sequence: 2 };
    let before: unknown;
    await withRegistry(home, async (registry) => {
      const all = [{}, round, escalated, {}, late].map((each) => status({ ...each, deadline }));
      await tell(home, ...all);
      before = await settled(registry);
    });
    await rm(home.projectionFile);
    await rm(`${home.projectionFile}-wal`, { force: true });
    await rm(`${home.projectionFile}-shm`, { force: true });
    await withRegistry(home, async (registry) => {
      expect(await settled(registry)).toEqual(before);
      const { models } = await registry.listModels({});
      expect(models[0]).toMatchObject({ openRequestCount: 0, escalatedRequestCount: 1 });
    });
  });

  it('lists requests page by page, by model and state', async () => {
    await using home = await openRegistryHome();
    await withRegistry(home, async (registry) => {
      const ids = Array.from(
        { length: 5 },
        (_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
      );
      const done = { requestId: otherId, state: RequestState.REQUEST_STATE_COMPLETED };
      await tell(home, ...ids.map((id) => status({ requestId: id })), status(done));
      const ask = { modelKey: 'm1', state: RequestState.REQUEST_STATE_ACCEPTED, limit: 2 };
      await expect
        .poll(() => registry.listRequests({ ...ask, limit: 10, pageToken: '', newestFirst: false }))
        .toMatchObject({ requests: { length: 5 } });
      for (const newestFirst of [false, true]) {
        const seen: (string | undefined)[] = [];
        let pageToken = '';
        do {
          const page = await registry.listRequests({ ...ask, pageToken, newestFirst });
          seen.push(...page.requests.map((each) => each.current?.requestId));
          pageToken = page.nextPageToken;
        } while (pageToken !== '');
        expect(seen).toEqual(newestFirst ? ids.toReversed() : ids);
      }
    });
  });

  it('shows an emitter its own requests, and nobody else’s', async () => {
    await using home = await openRegistryHome();
    const identities = readIdentities(
      JSON.stringify({
        identities: ['shop', 'crm'].map((name) => ({
          name,
          roles: ['emitter'],
          token_sha256: [sha256(`token-of-${name}`)],
        })),
      }),
    );
    await using service = createRegistryService({
      ...home,
      log: silentLog,
      onFatal: (error) => {
        throw error;
      },
    });
    await service.start();
    await using server = await startGrpcServer({
      address: '127.0.0.1:0',
      services: service.grpc,
      log: silentLog,
      security: { guard: new CallGuard({ current: async () => identities }), allowInsecure: false },
    });
    const as = (name: string) =>
      connect(RegistryServiceClient, server.address, { token: `token-of-${name}` });
    await using shop = as('shop');
    await using crm = as('crm');
    const all = { modelKey: '', state: 0 as const, limit: 0, pageToken: '', newestFirst: false };
    await tell(home, status(), status({ emitter: 'crm' }), status({ requestId: otherId }));
    await expect.poll(() => shop.listRequests(all)).toMatchObject({ requests: { length: 2 } });
    expect((await crm.listRequests(all)).requests).toMatchObject([{ current: { emitter: 'crm' } }]);
    // The id is known to both: each sees its own under it.
    const mine = await crm.getRequest({ requestId, emitter: '' });
    expect(mine.current?.emitter).toBe('crm');
    await expect(crm.getRequest({ requestId, emitter: 'shop' })).rejects.toMatchObject({
      code: 'denied',
    });
    await expect(crm.getRequest({ requestId: otherId, emitter: '' })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('refuses what it cannot answer, naming field and remedy', async () => {
    await using home = await openRegistryHome();
    await withRegistry(home, async (registry) => {
      await tell(home, status(), status({ emitter: 'crm' }));
      await expect.poll(() => stateOf(registry, 'crm')).toBeDefined();
      const list = { modelKey: '', state: 0 as const, limit: 0, pageToken: '', newestFirst: false };
      const cases: [() => Promise<unknown>, string, string?][] = [
        [() => registry.getServing({ modelKey: 'unknown' }), 'not_found'],
        [() => registry.getServing({ modelKey: '../x' }), 'invalid', 'model_key'],
        [() => registry.getRequest({ requestId: 'x', emitter: '' }), 'invalid', 'request_id'],
        [() => registry.getRequest({ requestId: otherId, emitter: '' }), 'not_found'],
        [() => registry.getRequest({ requestId, emitter: '' }), 'invalid', 'emitter'],
        [() => registry.listRequests({ ...list, modelKey: 'unknown' }), 'not_found'],
        [() => registry.listRequests({ ...list, limit: 1_001 }), 'invalid', 'limit'],
        [() => registry.listRequests({ ...list, pageToken: 'x' }), 'invalid', 'page_token'],
      ];
      for (const [answer, code, field] of cases) {
        const error = LetheError.from(await answer().catch((thrown) => thrown));
        expect(error.code).toBe(code);
        expect(error.violations[0]?.field).toBe(field);
      }
    });
  });

  it('says what is wrong with a projection file it cannot use', async () => {
    await using home = await openRegistryHome();
    const projectionFile = join(home.folder, 'missing', 'registry.sqlite');
    const open = () =>
      createRegistryService({ ...home, projectionFile, log: silentLog, onFatal: () => {} });
    expect(open).toThrowError(expect.objectContaining({ code: 'precondition' }));
  });
});
