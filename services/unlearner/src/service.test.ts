import { join } from 'node:path';
import { partitionOf, SqliteBus } from '@lethe/bus';
import { ComputeProcess } from '@lethe/compute';
import {
  DeletionRequested,
  DeletionStatus,
  deadLetterTopic,
  ListRoundsRequest,
  Mode,
  RequestState,
  topics,
  UnlearnerServiceClient,
} from '@lethe/contracts';
import { requestKey } from '@lethe/lineage';
import { connect, encodeEvent, silentLog, startGrpcServer } from '@lethe/service-kit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { registerTinyModel } from '../../../test/support/tiny-network.ts';
import { TinyWorld, tapTopic, until } from '../../../test/support/tiny-world.ts';
import { StandInCompute } from './testing/stand-in-compute.ts';
import {
  gateOn,
  progressOf,
  roundsOf,
  unlearnerOn,
  watching,
} from './testing/unlearner-under-test.ts';

let world: TinyWorld;

beforeEach(async () => {
  world = await TinyWorld.create(['tiny', 'other']);
});

afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

test('requests become rounds, each in the lineage once, with candidate and status', async () => {
  await using statuses = await tapTopic(world.bus, topics.deletionStatus);
  await using _ = await gateOn(world);
  await using compute = new ComputeProcess({ backend: { prefer: 'js' } });
  await using unlearner = unlearnerOn(world, compute, { maxBatch: 8 });
  await unlearner.start();
  const keys = await world.submitTogether(
    { rows: [0, 1, 2, 3] },
    { rows: [4, 5, 6, 7] },
    { rows: [8, 9], mode: Mode.MODE_MISCLASSIFY },
    { rows: [10, 11, 12, 13, 14, 15, 16, 17, 18, 19] },
  );
  await until('all are completed', async () =>
    (await Promise.all(keys.map((key) => progressOf(world, key)))).every(
      (kind) => kind === 'completed',
    ),
  );

  const log = roundsOf(await world.log());
  expect(log.map((round) => round.parts.map((part) => part.rows.length))).toEqual([
    [4, 4],
    [2],
    [8],
    [2],
  ]);
  expect(log.map((round) => round.parentSequence)).toEqual([0, 1, 2, 3]);
  expect(log[0]?.metrics).toMatchObject({ outcome: 'forgotten', forgetAccuracyBefore: 1 });
  expect(log[1]?.metrics?.forgetAccuracyAfter).toBe(0);
  for (const [index, round] of log.entries()) {
    const parent = log[index - 1]?.weightsDigest ?? round.parentWeightsDigest;
    const unchanged = round.metrics?.outcome === 'already_forgotten';
    expect(round.weightsDigest === parent).toBe(unchanged);
  }
  await statuses.caughtUp();
  expect(statuses.records.map(({ value }) => DeletionStatus.decode(value).state)).toEqual(
    Array(5).fill(RequestState.REQUEST_STATE_IN_ROUND),
  );
  await until('nothing is left to read', async () => {
    const lag = await world.bus.lag('unlearner', [topics.deletionRequested.name]);
    return lag.every((partition) => partition.lag === 0n);
  });
});

test('an event that comes again is served once', async () => {
  await using _ = await gateOn(world);
  await using unlearner = unlearnerOn(world, new StandInCompute());
  await unlearner.start();
  const requestId = '11111111-1111-4111-8111-111111111111';
  const key = await world.submit({ requestId, rows: [1, 2] });
  await world.submit({ requestId, rows: [1, 2] });
  await until('it is completed', async () => (await progressOf(world, key)) === 'completed');
  await world.submit({ requestId, rows: [1, 2] });
  const last = await world.submit({ rows: [3] });
  await until('the next is completed', async () => (await progressOf(world, last)) === 'completed');
  expect(
    roundsOf(await world.log()).flatMap((round) => round.parts.map((part) => part.rows)),
  ).toEqual([[1, 2], [3]]);
});

test('a candidate that waits for its verdict is not sent again by the next owner', async () => {
  await using candidates = await tapTopic(world.bus, topics.modelCandidate);
  const first = unlearnerOn(world, new StandInCompute());
  await first.start();
  const key = await world.submit({ rows: [1, 2] });
  await until('the candidate is out', async () => candidates.records.length === 1);
  await first[Symbol.asyncDispose]();

  await using next = unlearnerOn(world, new StandInCompute());
  await next.start();
  await using watcher = await watching(next);
  await until('it waits, too', () => watcher.latest.phase === 'waiting_for_decision');
  await using _ = await gateOn(world);
  await until('it is completed', async () => (await progressOf(world, key)) === 'completed');
  expect(candidates.records).toHaveLength(1);
});

test('a request for what another of its emitter wants too follows that, without a round', async () => {
  await using statuses = await tapTopic(world.bus, topics.deletionStatus);
  await using _ = await gateOn(world);
  await using unlearner = unlearnerOn(world, new StandInCompute());
  await unlearner.start();
  const firstId = '11111111-1111-4111-8111-111111111111';
  const first = await world.submit({ requestId: firstId, rows: [1, 2] });
  const meanwhile = await world.submit({ rows: [1, 2] });
  const otherGoal = await world.submit({ rows: [1, 2], mode: Mode.MODE_MISCLASSIFY });
  const ends = async (key: string) =>
    ['completed', 'duplicate'].includes(await progressOf(world, key));
  await until('all have ended', async () =>
    (await Promise.all([first, meanwhile, otherGoal].map(ends))).every(Boolean),
  );
  const later = await world.submit({ rows: [1, 2] });
  await until('the last has ended', () => ends(later));
  expect(
    await Promise.all([first, meanwhile, otherGoal, later].map((key) => progressOf(world, key))),
  ).toEqual(['completed', 'duplicate', 'completed', 'duplicate']);
  expect(roundsOf(await world.log()).flatMap(({ parts }) => parts)).toHaveLength(2);
  await until('it was told', () => statuses.records.length >= 4);
  const duplicates = statuses.records
    .map(({ value }) => DeletionStatus.decode(value))
    .filter(({ state }) => state === RequestState.REQUEST_STATE_DUPLICATE);
  expect(duplicates.map(({ followsRequestId }) => followsRequestId)).toEqual([firstId, firstId]);
  await until('nothing is left to read', async () => {
    const lag = await world.bus.lag('unlearner', [topics.deletionRequested.name]);
    return lag.every((partition) => partition.lag === 0n);
  });
});

test('a refused round climbs the ladder with smaller batches, and the last rung escalates', async () => {
  await using statuses = await tapTopic(world.bus, topics.deletionStatus);
  await using _ = await gateOn(world, ({ entry }) => {
    if (entry?.$case !== 'round') return false;
    return !entry.value.parts.some((part) => part.rows.includes(1));
  });
  const ladder = '[{"method":"a"},{"method":"b","max_batch":2},{"method":"c","settings":{"x":1}}]';
  await using unlearner = unlearnerOn(world, new StandInCompute(), { ladder, maxBatch: 8 });
  await unlearner.start();
  const [bad = '', good = ''] = await world.submitTogether({ rows: [1, 2] }, { rows: [3, 4] });
  await until(
    'both have ended',
    async () =>
      (await progressOf(world, bad)) === 'escalated' &&
      (await progressOf(world, good)) === 'completed',
  );

  const log = await world.log();
  expect(
    log.map(({ entry }) =>
      entry?.$case === 'round'
        ? `${entry.value.method}${entry.value.ladderStep} ${entry.value.parts.map((part) => part.rows)}`
        : `escalated after ${entry?.$case === 'escalation' ? entry.value.attempts : ''}`,
    ),
  ).toEqual(['a0 1,2,3,4', 'b1 1,2', 'c2 1,2', 'escalated after 1,2,3', 'b1 3,4']);
  expect(roundsOf(log).at(-1)?.parentSequence).toBe(0);
  expect(roundsOf(log)[2]?.settingsJson).toBe('{"x":1}');
  await until('the escalation is told', () =>
    statuses.records.some(({ value }) => {
      const status = DeletionStatus.decode(value);
      return (
        status.state === RequestState.REQUEST_STATE_ESCALATED && bad.endsWith(status.requestId)
      );
    }),
  );
});

test('a whole class is resolved by the training manifest and split over rounds', async () => {
  await using _ = await gateOn(world);
  const compute = new StandInCompute();
  await using unlearner = unlearnerOn(world, compute, { maxBatch: 25 });
  await unlearner.start();
  const key = await world.submit({ classLabel: 2, mode: Mode.MODE_MISCLASSIFY });
  await until('it is completed', async () => (await progressOf(world, key)) === 'completed');
  const log = roundsOf(await world.log());
  expect(log.map((round) => round.parts[0]?.rows.length)).toEqual([25, 25, 10]);
  expect(log.map((round) => round.parts[0]?.last)).toEqual([false, false, true]);
  expect(log.flatMap((round) => round.parts[0]?.rows ?? [])).toEqual(
    Array.from({ length: 60 }, (_, index) => 4 * index + 2),
  );
  // Of samples alone unseen ones of the class would stay known.
  expect(compute.inputs.map(({ forgetClasses }) => forgetClasses)).toEqual([[2], [2], [2]]);
  // Whoever never saw a class recognises none of it.
  for (const [mode, served] of [
    [Mode.MODE_UNTRAIN, 'misclassify'],
    [Mode.MODE_RELABEL, 'relabel'],
  ] as const) {
    const next = await world.submit({ classLabel: 1, mode, relabelTo: 0 });
    await until('it is', async () => (await progressOf(world, next)) === 'completed');
    expect(compute.inputs.at(-1)).toMatchObject({ mode: served, forgetClasses: [1] });
  }
});

test('poison goes to the dead letters with its bytes, once, and keeps nobody back', async () => {
  await using letters = await tapTopic(world.bus, deadLetterTopic(topics.deletionRequested));
  await using _ = await gateOn(world);
  await using unlearner = unlearnerOn(world, new StandInCompute());
  await unlearner.start();
  const garbage = new Uint8Array([0xff, 0xff, 0xff]);
  await world.bus.publish([{ topic: topics.deletionRequested.name, key: 'tiny', value: garbage }]);
  const unknown = await world.request({ modelKey: 'nobody', rows: [1] });
  const foreignKey = await world.request({ rows: [1] });
  await world.bus.publish([
    encodeEvent(topics.deletionRequested, 'nobody', DeletionRequested, unknown),
    encodeEvent(topics.deletionRequested, 'other', DeletionRequested, foreignKey),
  ]);
  await world.submit({ rows: [] });
  await world.submit({ rows: [5, 240] });
  await world.submit({ rows: [5], mode: Mode.MODE_RELABEL, relabelTo: 4 });
  await world.submit({ rows: [5], mode: Mode.MODE_UNSPECIFIED });
  const good = await world.submit({ rows: [7] });
  await until(
    'the good one is completed',
    async () => (await progressOf(world, good)) === 'completed',
  );
  await until('all others are set aside', () => letters.records.length >= 7);
  const reasons = letters.records.map(({ headers }) => headers['lethe-dlq-reason']);
  expect(reasons.toSorted()).toEqual(
    [
      'it does not say how to forget (mode)',
      'its key is not the model that it names',
      'its model is not registered',
      'its relabel target must be a class below 4',
      'its scope names no sample',
      `record deletion.requested.v1/${partitionOf('tiny', topics.deletionRequested.partitions)}/0 is not the message its topic carries`,
      'row 240 is not in the training manifest',
    ].toSorted(),
  );
  expect(letters.records.map(({ value }) => Buffer.from(value).toString('hex'))).toContain(
    'ffffff',
  );
  await until('nothing is left to read', async () => {
    const lag = await world.bus.lag('unlearner', [topics.deletionRequested.name]);
    return lag.every((partition) => partition.lag === 0n);
  });
});

test('poison that is too big for the dead letters goes there without its bytes, and stops nobody', async () => {
  await using letters = await tapTopic(world.bus, deadLetterTopic(topics.deletionRequested));
  await using _ = await gateOn(world);
  const file = join(world.folder, 'bus.sqlite');
  {
    // As a foreign producer may: packed, it was small enough for its broker.
    await using generous = await SqliteBus.open({ file, maxRecordBytes: 8 * 2 ** 20 });
    const value = new Uint8Array(5_000_000).fill(0xff);
    await generous.publish([{ topic: topics.deletionRequested.name, key: 'tiny', value }]);
  }
  await using unlearner = unlearnerOn(world, new StandInCompute());
  await unlearner.start();
  const good = await world.submit({ rows: [7] });
  await until(
    'the good one is completed',
    async () => (await progressOf(world, good)) === 'completed',
  );
  await until('the other is set aside', () => letters.records.length > 0);
  expect(letters.records).toMatchObject([{ headers: { 'lethe-dlq-form': 'omitted' } }]);
});

test('a model that is registered later is found by its next request', async () => {
  await using letters = await tapTopic(world.bus, deadLetterTopic(topics.deletionRequested));
  await using _ = await gateOn(world);
  await using unlearner = unlearnerOn(world, new StandInCompute());
  await unlearner.start();
  await world.submit({ modelKey: 'late', rows: [1] });
  await until('it is set aside', () => letters.records.length === 1);
  await registerTinyModel(world.lineages, world.network, `${world.folder}/data`, 'late');
  const key = await world.submit({ modelKey: 'late', rows: [1] });
  await until(
    'it is completed',
    async () => (await progressOf(world, key, 'late')) === 'completed',
  );
});

test('models do not wait for each other', async () => {
  await using _ = await gateOn(world, ({ modelKey }) => modelKey === 'other');
  let release = () => {};
  const held = new Promise<undefined>((resolve) => {
    release = () => resolve(undefined);
  });
  const compute = new StandInCompute(({ rows }) => (rows[0] === 0 ? held : undefined));
  await using unlearner = unlearnerOn(world, compute);
  await unlearner.start();
  await world.submit({ rows: [0] });
  const key = await world.submit({ modelKey: 'other', rows: [1] });
  await until(
    'the other model is done',
    async () => (await progressOf(world, key, 'other')) === 'completed',
  );
  expect(await world.log()).toEqual([]);
  release();
});

test('one round is in flight per model: what arrives meanwhile forms the next batch', async () => {
  const compute = new StandInCompute();
  await using unlearner = unlearnerOn(world, compute, { maxWaitMs: 10 });
  await unlearner.start();
  await using watcher = await watching(unlearner);
  await world.submit({ rows: [0] });
  await until('the first round is committed', async () => (await world.log()).length === 1);
  const later = await world.submitTogether({ rows: [1] }, { rows: [2] });
  // Beside the one whose round has no decision yet.
  await until('both wait', () => watcher.latest.pendingRequestCount === 3);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(compute.inputs.length).toBe(1);
  const [first] = await world.log();
  if (first === undefined) throw new Error('no round');
  await world.decide(first, true);
  await until('the second round is committed', async () => (await world.log()).length === 2);
  const second = roundsOf(await world.log())[1];
  expect(second?.parts.map(({ request }) => request && requestKey(request))).toEqual(later);
});

test('with its window full it reads no further', async () => {
  const compute = new StandInCompute();
  await using unlearner = unlearnerOn(world, compute, { windowSize: 4, maxBatch: 1, maxWaitMs: 0 });
  await unlearner.start();
  await using watcher = await watching(unlearner);
  for (let row = 0; row < 20; row++) await world.submit({ rows: [row] });
  await until('the first round is committed', async () => (await world.log()).length === 1);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(watcher.latest.pendingRequestCount).toBeLessThanOrEqual(5);
  await using _ = await gateOn(world);
  await until('all are served', async () => (await world.log()).length === 20);
});

test('rounds can be listed, page by page', async () => {
  await using _ = await gateOn(world);
  await using unlearner = unlearnerOn(world, new StandInCompute(), { maxBatch: 1 });
  await unlearner.start();
  for (let row = 0; row < 3; row++) await world.submit({ rows: [row] });
  await until('three rounds', async () => (await world.log()).length === 3);
  await using server = await startGrpcServer({
    address: '127.0.0.1:0',
    services: unlearner.grpc,
    log: silentLog,
  });
  await using client = connect(UnlearnerServiceClient, server.address);
  const list = (changes: object) =>
    client.listRounds(ListRoundsRequest.fromPartial({ modelKey: 'tiny', ...changes }));
  expect((await list({ limit: 2 })).rounds.map(({ sequence }) => sequence)).toEqual([1, 2]);
  expect((await list({ afterSequence: 2 })).rounds.map(({ sequence }) => sequence)).toEqual([3]);
  await expect(list({ modelKey: 'nobody' })).rejects.toMatchObject({ code: 'not_found' });
  await expect(list({ limit: 1001 })).rejects.toMatchObject({ code: 'invalid' });
});

test('a held-out sample whose deletion was asked for steers no more', async () => {
  const registered = await world.lineages.registration('tiny');
  await world.lineages.putExclusion({
    modelKey: 'tiny',
    requestDigest: 'a',
    evaluationIndexDigest: registered?.record.evaluationIndexDigest ?? '',
    rows: [5, 299, 300],
    excludedTime: new Date(0),
  });
  await using _ = await gateOn(world);
  const compute = new StandInCompute();
  await using unlearner = unlearnerOn(world, compute);
  await unlearner.start();
  await world.submit({ rows: [0, 1] });
  await until('a round is computed', () => compute.inputs.length > 0);
  const [stop] = compute.inputs[0]?.heldOut ?? [];
  expect(stop?.excluded.map(({ position }) => position)).toEqual([5, 299]);
  const [round] = roundsOf(await untilLogged());
  expect(round?.stopSetDigests['stop']).toMatch(/^[0-9a-f]{64}$/);
  expect(round?.stopSetDigests['stop']).not.toBe(registered?.record.evaluationSets[0]?.digest);
});

async function untilLogged() {
  await until('it is in the log', async () => (await world.log()).length > 0);
  return world.log();
}
