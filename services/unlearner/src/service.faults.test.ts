import { join } from 'node:path';
import { ComputeProcess, type JobRunner } from '@lethe/compute';
import { LetheError } from '@lethe/contracts';
import { FolderStore } from '@lethe/store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TinyWorld, until } from '../../../test/support/tiny-world.ts';
import { StandInCompute, standInRound } from './testing/stand-in-compute.ts';
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

test('a rung whose method fails leaves no manifest; the next one is tried', async () => {
  await using _ = await gateOn(world);
  const compute = new StandInCompute(({ method }) =>
    method === 'a' ? { kind: 'method-failed', reason: 'no such setting' } : undefined,
  );
  await using unlearner = unlearnerOn(world, compute, {
    ladder: '[{"method":"a"},{"method":"b"}]',
  });
  await unlearner.start();
  const key = await world.submit({ rows: [0] });
  await until('it is completed', async () => (await progressOf(world, key)) === 'completed');
  expect(
    roundsOf(await world.log()).map(({ method, ladderStep }) => `${method}${ladderStep}`),
  ).toEqual(['b1']);
});

test('a rung whose process is stopped at the memory limit three times is left for the next one', async () => {
  await using _ = await gateOn(world);
  let stopped = 0;
  const compute = new StandInCompute(({ method }) => {
    if (method !== 'a') return undefined;
    stopped += 1;
    throw new LetheError('capacity', 'The job uses 900 MiB of memory and may use 800');
  });
  await using unlearner = unlearnerOn(world, compute, {
    ladder: '[{"method":"a"},{"method":"b","max_batch":2}]',
  });
  await unlearner.start();
  const key = await world.submit({ rows: [0] });
  await until('it is completed', async () => (await progressOf(world, key)) === 'completed');
  expect(stopped).toBe(3);
  expect(
    roundsOf(await world.log()).map(({ method, ladderStep }) => `${method}${ladderStep}`),
  ).toEqual(['b1']);
});

test('when every rung fails by itself, the request is escalated without an attempt', async () => {
  const compute = new StandInCompute((input) => ({
    ...standInRound(input),
    outcome: 'diverged',
  }));
  await using unlearner = unlearnerOn(world, compute, {
    ladder: '[{"method":"a"},{"method":"b"}]',
  });
  await unlearner.start();
  const key = await world.submit({ rows: [0] });
  await until('it is escalated', async () => (await progressOf(world, key)) === 'escalated');
  const [entry] = await world.log();
  expect(entry?.entry).toMatchObject({
    $case: 'escalation',
    value: { attempts: [], parentSequence: 0 },
  });
});

test('only requests that name a foreign sample are given up', async () => {
  await using _ = await gateOn(world);
  const compute = new StandInCompute(({ rows }) =>
    rows.includes(3) ? { kind: 'foreign-samples', rows: [3], othersMatch: true } : undefined,
  );
  await using unlearner = unlearnerOn(world, compute);
  await unlearner.start();
  const good = await world.submit({ rows: [1] });
  const foreign = await world.submit({ rows: [2, 3] });
  await until(
    'both have ended',
    async () =>
      (await progressOf(world, foreign)) === 'escalated' &&
      (await progressOf(world, good)) === 'completed',
  );
});

test('trouble outside is waited out and loses nothing', async () => {
  await using _ = await gateOn(world);
  let missing = true;
  const compute = new StandInCompute(() => {
    if (missing) throw new LetheError('not_found', 'the data folder is not there');
    return undefined;
  });
  await using unlearner = unlearnerOn(world, compute);
  await unlearner.start();
  const key = await world.submit({ rows: [1] });
  await using watcher = await watching(unlearner);
  await until('the model says why it waits', () => watcher.latest.phase === 'blocked');
  expect(await world.log()).toEqual([]);
  missing = false;
  await until('it is completed', async () => (await progressOf(world, key)) === 'completed');
});

test('a state that cannot be read is trouble: no rung is tried in vain, nothing is escalated', async () => {
  await using _ = await gateOn(world);
  await using engine = new ComputeProcess({ backend: { prefer: 'js' } });
  // The first round leaves the weights alone and a state that is none.
  const spoiler = new StandInCompute((input) => ({
    ...standInRound(input),
    weights: input.weights,
  }));
  const compute: JobRunner = {
    run: (module, input, options) =>
      (spoiler.inputs.length === 0 ? spoiler : engine).run(module, input, options),
  };
  await using unlearner = unlearnerOn(world, compute);
  await unlearner.start();
  expect(unlearner.readiness()).toEqual({ kind: 'ready' });
  const spoilt = await world.submit({ rows: [0] });
  await until('the first', async () => (await progressOf(world, spoilt)) === 'completed');
  const key = await world.submit({ rows: [1] });
  await using watcher = await watching(unlearner);
  await until('the model says why it waits', () => watcher.latest.phase === 'blocked');
  expect(watcher.latest.reason).toMatch(/unlearning state is damaged or belongs to another/);
  expect(unlearner.readiness()).toEqual({
    kind: 'not-ready',
    reason: expect.stringMatching(/^tiny: .*unlearning state is damaged/),
  });
  expect(await progressOf(world, key)).not.toBe('escalated');
  expect(await world.log()).toHaveLength(1);
});

test('a model whose record is damaged is told as waiting, with the reason; restored, it goes on', async () => {
  await using _ = await gateOn(world);
  await using store = await FolderStore.open(join(world.folder, 'store'));
  const name = 'models/tiny/registration.json';
  const key = await world.submit({ rows: [1] });
  const { bytes } = (await store.get(name))!;
  await store.put(name, bytes.subarray(0, bytes.length / 2));
  await using unlearner = unlearnerOn(world, new StandInCompute());
  await unlearner.start();
  const reason = expect.stringMatching(/^tiny: .*registration\.json/);
  await expect.poll(() => unlearner.readiness()).toEqual({ kind: 'not-ready', reason });
  await using watcher = await watching(unlearner);
  await until('it is told', () => watcher.latest.phase === 'blocked');
  expect(watcher.latest).toMatchObject({ modelKey: 'tiny', pendingRequestCount: 1 });
  await store.put(name, bytes);
  await until('it is completed', async () => (await progressOf(world, key)) === 'completed');
  expect(unlearner.readiness()).toEqual({ kind: 'ready' });
});

test('a compute process that hangs is replaced, and its round begun anew', async () => {
  await using _ = await gateOn(world);
  const deaths: string[] = [];
  await using engine = new ComputeProcess({
    backend: { prefer: 'js' },
    stallLimitMs: 500,
    onDeath: (reason) => deaths.push(reason),
  });
  const pidJob = 'data:text/javascript,export function run() { return process.pid; }';
  const pid = await engine.run<null, number>(pidJob, null);
  const compute: JobRunner = {
    run(module, input, options) {
      if (deaths.length === 0) process.kill(pid, 'SIGSTOP');
      return engine.run(module, input, options);
    },
  };
  await using unlearner = unlearnerOn(world, compute);
  await unlearner.start();
  const key = await world.submit({ rows: [2] });
  await until('it is completed', async () => (await progressOf(world, key)) === 'completed');
  expect(deaths).toEqual(['stalled']);
  expect(await world.log()).toHaveLength(1);
});

test('a round that is stopped leaves nothing, and is computed anew to the same bytes', async () => {
  await using _ = await gateOn(world);
  await using compute = new ComputeProcess({ backend: { prefer: 'js' } });
  const rows = [0, 1, 2, 3, 4, 5, 6, 7];
  const key = await world.submit({ rows });
  {
    await using unlearner = unlearnerOn(world, compute);
    await unlearner.start();
    await using watcher = await watching(unlearner);
    await until('the round is being computed', () => watcher.latest.step > 0);
  }
  expect(await world.log()).toEqual([]);
  {
    await using unlearner = unlearnerOn(world, compute);
    await unlearner.start();
    await until('it is completed', async () => (await progressOf(world, key)) === 'completed');
  }

  await using undisturbed = await TinyWorld.create(['tiny']);
  await using unlearner = unlearnerOn(undisturbed, compute);
  await unlearner.start();
  await undisturbed.submit({ rows });
  await until('the same round elsewhere', async () => (await undisturbed.log()).length === 1);
  const digest = async (log: typeof world) => roundsOf(await log.log())[0]?.weightsDigest;
  expect(await digest(undisturbed)).toBe(await digest(world));
});
