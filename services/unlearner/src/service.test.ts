import { ComputeProcess } from '@lethe/compute';
import {
  DeletionStatus,
  Mode,
  ModelCandidate,
  RequestState,
  type Round,
  type RoundManifest,
  topics,
} from '@lethe/contracts';
import { openLineage } from '@lethe/lineage';
import {
  createLog,
  type LetheService,
  readConfig,
  silentLog,
  systemClock,
} from '@lethe/service-kit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TinyWorld, tapTopic, until } from '../../../test/support/tiny-world.ts';
import { unlearnerSettings } from './config.ts';
import type { JobRunner } from './job-runner.ts';
import { createUnlearnerService } from './service.ts';

let world: TinyWorld;
let compute: ComputeProcess;

beforeEach(async () => {
  world = await TinyWorld.create(['tiny', 'other']);
  compute = new ComputeProcess({ backend: { prefer: 'js' } });
});

afterEach(async () => {
  await compute[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

function service(changes: object = {}, runner: JobRunner = compute): LetheService {
  return createUnlearnerService({
    bus: world.bus,
    lineages: world.lineages,
    compute: runner,
    config: {
      ...readConfig(unlearnerSettings, { env: {}, argv: [] }),
      maxWaitMs: 100,
      recheckMs: 50,
      ...changes,
    },
    clock: systemClock,
    log: process.env['DEBUG_LOG'] ? createLog({ service: 'test', format: 'json' }) : silentLog,
    onFatal: (error) => {
      throw error;
    },
  });
}

/** Stands in for evaluator and registry: decides every candidate as `passes` says. */
async function gate(passes: (manifest: RoundManifest) => boolean): Promise<AsyncDisposable> {
  return tapTopic(world.bus, topics.modelCandidate, async (record) => {
    const { modelKey, sequence } = ModelCandidate.decode(record.value);
    const found = await world.lineages.manifest(modelKey, sequence);
    if (found === undefined) throw new Error('a candidate without a manifest');
    await world.decide(found.record, passes(found.record));
  });
}

function rounds(entries: readonly RoundManifest[]): Round[] {
  return entries.flatMap(({ entry }) => (entry?.$case === 'round' ? [entry.value] : []));
}

async function progress(key: string, modelKey = 'tiny'): Promise<string> {
  return (await openLineage(world.lineages, modelKey)).state.progress(key).kind;
}

test('requests become rounds, each in the lineage once, with candidate and status', async () => {
  await using statuses = await tapTopic(world.bus, topics.deletionStatus);
  await using _ = await gate(() => true);
  await using unlearner = service({ maxBatch: 8 });
  await unlearner.start();
  const keys = [
    await world.submit({ rows: [0, 1, 2, 3] }),
    await world.submit({ rows: [4, 5, 6, 7] }),
    await world.submit({ rows: [8, 9], mode: Mode.MODE_MISCLASSIFY }),
    await world.submit({ rows: [10, 11, 12, 13, 14, 15, 16, 17, 18, 19] }),
  ];
  await until('all are completed', async () =>
    (await Promise.all(keys.map((key) => progress(key)))).every((kind) => kind === 'completed'),
  );

  const log = rounds(await world.log());
  expect(log.map((round) => round.parts.map((part) => part.rows.length))).toEqual([
    [4, 4],
    [2],
    [8],
    [2],
  ]);
  expect(log.map((round) => round.parentSequence)).toEqual([0, 1, 2, 3]);
  expect(new Set(log.map((round) => round.weightsDigest)).size).toBe(4);
  expect(log[0]?.metrics).toMatchObject({ outcome: 'forgotten', forgetAccuracyBefore: 1 });
  expect(log[1]?.metrics?.forgetAccuracyAfter).toBe(0);
  expect(statuses.records.map(({ value }) => DeletionStatus.decode(value).state)).toEqual(
    Array(5).fill(RequestState.REQUEST_STATE_IN_ROUND),
  );
  await until('nothing is left to read', async () => {
    const lag = await world.bus.lag('unlearner', [topics.deletionRequested.name]);
    return lag.every((partition) => partition.lag === 0n);
  });
});
