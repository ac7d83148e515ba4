import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MessageBus } from '@lethe/bus';
import {
  DeletionRequest,
  DeletionRequested,
  DeletionStatus,
  LetheError,
  Mode,
  Receipt,
  RequestState,
  sha256,
  topics,
} from '@lethe/contracts';
import { decodeEnvelope, verifyEvidence } from '@lethe/evidence';
import { silentLog } from '@lethe/service-kit';
import { busWith, ManualClock, readTopic } from '@lethe/service-kit/testing';
import { describe, expect, it } from 'vitest';
import { incoming } from './domain/incoming-request.ts';
import { createIngestService } from './service.ts';
import { type IntakeHome, openIntakeHome } from './testing/intake-home.ts';

const now = new Date('2026-01-31T09:00:00Z');

async function open(home: IntakeHome, bus: MessageBus = home.bus) {
  const clock = new ManualClock(now);
  const service = createIngestService({
    bus,
    lineage: home.lineage,
    indexFile: home.indexFile,
    defaultEmitter: 'default',
    keys: home.keys,
    log: silentLog,
    clock,
  });
  await service.start();
  // Its keys are out, and it sleeps until they go out again.
  await expect.poll(() => clock.sleeping).toBe(1);
  return Object.assign(service, { clock });
}

function request(change: object = {}) {
  return incoming(
    DeletionRequest.fromPartial({
      requestId: randomUUID(),
      modelKey: 'm1',
      scope: { kind: { $case: 'subject', value: 'user-1' } },
      ...change,
    }),
  );
}

async function requested(bus: MessageBus): Promise<DeletionRequested[]> {
  const records = await readTopic(bus, topics.deletionRequested);
  return records.map(({ value }) => DeletionRequested.decode(value));
}

async function statuses(bus: MessageBus): Promise<DeletionStatus[]> {
  const records = await readTopic(bus, topics.deletionStatus);
  return records.map(({ value }) => DeletionStatus.decode(value));
}

describe('intake', () => {
  it('resolves a subject to rows, publishes event and status, and gives a receipt', async () => {
    await using home = await openIntakeHome();
    await using service = await open(home);
    const sent = request({ submittedTime: new Date('2026-01-31T08:00:00Z') });
    const { receipt } = await service.intake.submit(sent);
    expect(receipt).toMatchObject({
      requestId: sent.request.requestId,
      emitter: 'default',
      modelKey: 'm1',
      state: RequestState.REQUEST_STATE_ACCEPTED,
      sampleCount: 4,
      trainingManifestDigest: home.manifestDigest,
      acceptedTime: now,
      deadline: new Date('2026-02-28T08:00:00Z'),
    });
    const [event] = await requested(home.bus);
    expect(event).toMatchObject({
      requestId: receipt.requestId,
      requestDigest: receipt.requestDigest,
      scope: { $case: 'rows', value: { rows: [4, 5, 6, 7] } },
      mode: Mode.MODE_UNTRAIN,
      submittedTime: new Date('2026-01-31T08:00:00Z'),
      deadline: receipt.deadline,
    });
    expect(await statuses(home.bus)).toMatchObject([
      { state: RequestState.REQUEST_STATE_ACCEPTED, sampleCount: 4, deadline: receipt.deadline },
    ]);
  });

  it('lets neither subject nor sample id out of intake', async () => {
    await using home = await openIntakeHome();
    await using service = await open(home);
    await service.intake.submit(request());
    const samples = { kind: { $case: 'samples', value: { ids: ['sample-9'] } } };
    await service.intake.submit(request({ scope: samples }));
    const records = [
      ...(await readTopic(home.bus, topics.deletionRequested)),
      ...(await readTopic(home.bus, topics.deletionStatus)),
    ];
    expect(records).toHaveLength(4);
    for (const { key, value, headers } of records) {
      const text = key + Buffer.from(value).toString('latin1') + JSON.stringify(headers);
      expect(text).not.toMatch(/user-1|sample-9/);
    }
  });

  it('gives the same receipt to the same request, later and after a restart', async () => {
    await using home = await openIntakeHome();
    const sent = request();
    const bytes: Buffer[] = [];
    for (let life = 0; life < 2; life++) {
      await using service = await open(home);
      service.clock.advance(life * 1_000);
      for (let time = 0; time < 2; time++) {
        service.clock.advance(60_000);
        const { receipt } = await service.intake.submit(sent);
        bytes.push(Buffer.from(Receipt.encode(receipt).finish()));
      }
    }
    for (const each of bytes) expect(each).toEqual(bytes[0]);
    expect(await requested(home.bus)).toHaveLength(1);
  });

  it('refuses an id that was used for another request, and keeps the first', async () => {
    await using home = await openIntakeHome();
    await using service = await open(home);
    const sent = request();
    const other = request({
      requestId: sent.request.requestId,
      scope: { kind: { $case: 'subject', value: 'user-2' } },
    });
    await service.intake.submit(sent);
    await expect(service.intake.submit(other)).rejects.toMatchObject({
      code: 'conflict',
      violations: [{ field: 'request_id', value: sent.request.requestId }],
    });
    // Another emitter's ids are another matter.
    await service.intake.submit(other, 'crm');
    expect((await requested(home.bus)).map(({ emitter }) => emitter)).toEqual(['default', 'crm']);
  });

  it('answers a batch one by one, in order, twins included', async () => {
    await using home = await openIntakeHome();
    await using service = await open(home);
    const first = request();
    const batch = [
      first,
      request({ requestId: 'no uuid' }),
      request({ modelKey: 'unknown' }),
      first,
      request({ requestId: first.request.requestId, mode: Mode.MODE_MISCLASSIFY }),
      request(),
    ];
    const results = await service.intake.submitAll(batch);
    expect(results.map((each) => (each.kind === 'error' ? each.error.code : 'receipt'))).toEqual([
      'receipt',
      'invalid',
      'not_found',
      'receipt',
      'conflict',
      'receipt',
    ]);
    expect(results[3]).toEqual(results[0]);
    expect(await requested(home.bus)).toHaveLength(2);
  });

  it('records a request that matches nothing, tells its status, and asks nobody to forget', async () => {
    await using home = await openIntakeHome();
    await using service = await open(home);
    const nobody = { kind: { $case: 'subject', value: 'nobody' } };
    const { receipt } = await service.intake.submit(request({ scope: nobody }));
    expect(receipt).toMatchObject({ state: RequestState.REQUEST_STATE_NO_MATCH, sampleCount: 0 });
    expect(await requested(home.bus)).toEqual([]);
    expect(await statuses(home.bus)).toMatchObject([
      { requestId: receipt.requestId, state: RequestState.REQUEST_STATE_NO_MATCH },
    ]);
  });

  describe('a request that names samples of evaluation sets', () => {
    const naming = (ids: string[], digests: string[] = []) =>
      request({ scope: { kind: { $case: 'samples', value: { ids, sha256: digests } } } });

    it('takes them out for good and forgets the trained ones', async () => {
      await using home = await openIntakeHome();
      await using service = await open(home);
      const { receipt } = await service.intake.submit(naming(['sample-3', 'gate:held-12']));
      expect(receipt).toMatchObject({
        state: RequestState.REQUEST_STATE_ACCEPTED,
        sampleCount: 1,
        evaluationSampleCount: 1,
      });
      expect([...(await home.lineage.excludedRows('m1'))]).toEqual([12]);
      expect(await requested(home.bus)).toMatchObject([{ scope: { value: { rows: [3] } } }]);
      expect(await statuses(home.bus)).toMatchObject([
        { detail: 'taken in; 1 samples of evaluation sets neither steer nor judge any more' },
      ]);
    });

    it('ends at once when nothing of it was trained on, and the receipt says what was done', async () => {
      await using home = await openIntakeHome();
      await using service = await open(home);
      const sent = naming(['held-2'], [sha256('held-out bytes of 9')]);
      const { receipt } = await service.intake.submit(sent);
      expect(receipt).toMatchObject({
        state: RequestState.REQUEST_STATE_REMOVED_FROM_EVALUATION,
        sampleCount: 0,
        evaluationSampleCount: 3,
      });
      // The same sample stands in both sets.
      expect([...(await home.lineage.excludedRows('m1'))]).toEqual([2, 9, 19]);
      expect(await requested(home.bus)).toEqual([]);
      expect(await statuses(home.bus)).toMatchObject([
        { state: RequestState.REQUEST_STATE_REMOVED_FROM_EVALUATION },
      ]);
      const { payload } = decodeEnvelope(Buffer.from(service.intake.sign([receipt])));
      expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject({
        predicate: {
          receipts: [{ state: 'removed_from_evaluation', evaluation_sample_count: 3 }],
        },
      });
      expect((await service.intake.submit(sent)).receipt).toEqual(receipt);
    });

    it('is refused while the exclusion cannot be recorded: the receipt would be untrue', async () => {
      await using home = await openIntakeHome();
      const putExclusion = home.lineage.putExclusion.bind(home.lineage);
      home.lineage.putExclusion = () =>
        Promise.reject(new LetheError('unavailable', 'the store does not answer'));
      await using service = await open(home);
      const sent = naming(['gate:held-10']);
      await expect(service.intake.submit(sent)).rejects.toMatchObject({ code: 'unavailable' });
      expect(await statuses(home.bus)).toEqual([]);
      home.lineage.putExclusion = putExclusion;
      expect((await service.intake.submit(sent)).receipt.evaluationSampleCount).toBe(1);
    });

    it('is refused with the names that nobody knows', async () => {
      await using home = await openIntakeHome();
      await using service = await open(home);
      const sent = naming(['gate:held-10', 'gate:held-2']);
      await expect(service.intake.submit(sent)).rejects.toMatchObject({
        violations: [{ field: 'scope.samples.ids', value: 'gate:held-2' }],
      });
      expect([...(await home.lineage.excludedRows('m1'))]).toEqual([]);
    });
  });

  it('refuses an unknown model until it is registered', async () => {
    await using home = await openIntakeHome();
    await using service = await open(home);
    const sent = request({ modelKey: 'm2' });
    await expect(service.intake.submit(sent)).rejects.toMatchObject({
      code: 'not_found',
      violations: [{ field: 'model_key', value: 'm2' }],
    });
    const m1 = await home.lineage.registration('m1');
    await home.lineage.register({ ...m1!.record, modelKey: 'm2' });
    expect((await service.intake.submit(sent)).receipt.modelKey).toBe('m2');
  });

  it('publishes at its next start what a killed process had only reserved', async () => {
    await using home = await openIntakeHome();
    const requestId = randomUUID();
    const script = fileURLToPath(new URL('./testing/reserve-and-hang.ts', import.meta.url));
    const child = spawn(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      script,
      join(home.folder, 'store'),
      join(home.folder, 'cache'),
      home.indexFile,
      requestId,
    ]);
    let errors = '';
    child.stderr.on('data', (text) => {
      errors += text;
    });
    const [said] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
    expect(String(said), errors).toContain('reserved');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await home.bus.ensureTopics(Object.values(topics));
    expect(await requested(home.bus)).toEqual([]);

    await using service = await open(home);
    expect(await requested(home.bus)).toMatchObject([{ requestId }]);
    // Sent again, it gets its receipt and is not announced twice.
    const { receipt } = await service.intake.submit(request({ requestId }));
    expect(receipt.state).toBe(RequestState.REQUEST_STATE_ACCEPTED);
    expect(await requested(home.bus)).toHaveLength(1);
  });

  it('gives no receipt while the bus is away, and announces the request once when it is back', async () => {
    await using home = await openIntakeHome();
    let isAway = true;
    const bus = busWith(home.bus, {
      async publish(records) {
        if (isAway) throw new LetheError('unavailable', 'the bus is away.');
        await home.bus.publish(records);
      },
    });
    await using service = await open(home, bus);
    const sent = request();
    await expect(service.intake.submit(sent)).rejects.toMatchObject({ code: 'unavailable' });
    isAway = false;
    await service.intake.submit(sent);
    expect(await requested(home.bus)).toHaveLength(1);
    expect(service.clock.sleeping).toBe(2);
    service.clock.advance(60_000);
    await service.intake.submit(request());
    expect(await requested(home.bus)).toHaveLength(2);
  });

  it('announces by itself, once the bus is back, what nobody sends again', async () => {
    await using home = await openIntakeHome();
    const published = Promise.withResolvers<void>();
    let failures = 2;
    const bus = busWith(home.bus, {
      async publish(records) {
        if (failures-- > 0) throw new LetheError('unavailable', 'the bus is away.');
        await home.bus.publish(records);
        published.resolve();
      },
    });
    await using service = await open(home, bus);
    await expect(service.intake.submit(request())).rejects.toMatchObject({ code: 'unavailable' });
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect.poll(() => service.clock.sleeping).toBe(2);
      service.clock.advance(60_000);
    }
    await published.promise;
    expect(await requested(home.bus)).toHaveLength(1);
  });

  it('refuses a batch of too many requests', async () => {
    await using home = await openIntakeHome();
    await using service = await open(home);
    const many = Array.from({ length: 10_001 }, () => request());
    await expect(service.intake.submitAll(many)).rejects.toMatchObject({
      code: 'invalid',
      violations: [{ field: 'requests', value: '10001 requests' }],
    });
    expect(await requested(home.bus)).toEqual([]);
  });

  it('says what is wrong with an index file it cannot use', async () => {
    await using home = await openIntakeHome();
    const elsewhere = { ...home, indexFile: join(home.folder, 'missing', 'index.sqlite') };
    await expect(open(elsewhere)).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining('missing/index.sqlite'),
    });
  });
});

describe('a request over several models', () => {
  const several = (change: object = {}) =>
    request({ modelKey: '', modelKeys: ['m2', 'm1'], ...change });

  /** `m1`, and `m2` with the same training data. */
  async function openTwo(): Promise<IntakeHome> {
    const home = await openIntakeHome();
    await register(home, 'm2');
    return home;
  }

  async function register(home: IntakeHome, modelKey: string): Promise<void> {
    const { record } = (await home.lineage.registration('m1'))!;
    await home.lineage.register({ ...record, modelKey });
  }

  it('is taken in as one, with a part for each model that names it', async () => {
    await using home = await openTwo();
    await using service = await open(home);
    const sent = several();
    const { requestId } = sent.request;
    const { receipt } = await service.intake.submit(sent);
    expect(receipt).toMatchObject({ requestId, modelKey: '*', sampleCount: 8 });
    expect(receipt.models).toMatchObject([
      { modelKey: 'm1', parentRequestId: requestId, sampleCount: 4 },
      { modelKey: 'm2', parentRequestId: requestId, sampleCount: 4 },
    ]);
    const events = await requested(home.bus);
    expect(events.map(({ modelKey, parentRequestId }) => [modelKey, parentRequestId])).toEqual([
      ['m1', requestId],
      ['m2', requestId],
    ]);
    expect(new Set(events.map((event) => event.requestId)).size).toBe(2);
    expect((await statuses(home.bus)).find(({ modelKey }) => modelKey === '*')).toMatchObject({
      requestId,
      modelCount: 2,
      deadline: receipt.deadline,
    });
    const evidence = verifyEvidence(
      Buffer.from(service.intake.sign([receipt])),
      home.keys.keys(),
      now,
    );
    expect(evidence).toMatchObject({
      kind: 'valid',
      statement: { predicate: { receipts: [{ parent_request_id: requestId }, {}] } },
    });
  });

  it('gets the same receipt again, also when more models were registered meanwhile', async () => {
    await using home = await openTwo();
    await using service = await open(home);
    const sent = several({ modelKeys: [], allModels: true });
    const first = await service.intake.submit(sent);
    await register(home, 'm3');
    expect((await service.intake.submit(sent)).receipt).toEqual(first.receipt);
    expect(await requested(home.bus)).toHaveLength(2);
  });

  it('says no match where the subject is in none of the models', async () => {
    await using home = await openTwo();
    await using service = await open(home);
    const scope = { kind: { $case: 'subject', value: 'stranger' } };
    const { receipt } = await service.intake.submit(several({ scope }));
    const none = RequestState.REQUEST_STATE_NO_MATCH;
    expect([receipt.state, ...receipt.models.map(({ state }) => state)]).toEqual([
      none,
      none,
      none,
    ]);
    expect(await requested(home.bus)).toEqual([]);
  });

  it.each([
    ['an unknown model', { modelKeys: ['m1', 'ghost'] }, /model_keys\[0\] = "ghost": is not reg/],
    ['a bad name', { modelKeys: ['m1', 'M 2'] }, /model_keys\[1\] = "M 2"/],
    ['two ways of naming', { modelKey: 'm1' }, /one of model_key, model_keys and all_models/],
    ['samples', { scope: { kind: { $case: 'classLabel', value: 1 } } }, /goes with a subject only/],
    [
      'a hundred thousand models',
      { modelKeys: Array.from({ length: 100_000 }, (_, at) => `m${at}`) },
      /"100000 models": names more than 256 models. Send several/,
    ],
    ['what one model cannot do', { mode: 3, relabelTo: 99 }, /^for model m1: relabel_to = "99"/],
  ])('is refused whole for %s', async (_, change, message) => {
    await using home = await openTwo();
    await using service = await open(home);
    await expect(service.intake.submit(several(change))).rejects.toThrow(message);
    expect(await statuses(home.bus)).toEqual([]);
  });

  it('counts with all its models against the size of a batch', async () => {
    await using home = await openTwo();
    await using service = await open(home);
    const many = Array.from({ length: 5_001 }, () => several());
    const results = await service.intake.submitAll(many);
    expect(results.map(({ kind }) => kind).indexOf('error')).toBe(5_000);
    expect(results.at(-1)).toMatchObject({ error: { code: 'invalid' } });
  });
});
