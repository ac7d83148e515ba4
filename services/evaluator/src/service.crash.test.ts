import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ComputeProcess } from '@lethe/compute';
import {
  EvaluateRequest,
  encodeRecord,
  ModelVerdict,
  type RoundManifest,
  sha256,
  topics,
  Verdict,
} from '@lethe/contracts';
import { defaultPolicy, policyDigest, readPolicy } from '@lethe/gate';
import { expect, test } from 'vitest';
import { TinyWorld, tapTopic, until } from '../../../test/support/tiny-world.ts';
import { makeHeldKey } from './held/held-key-file.ts';
import { clientOf, evaluatorOn, propose } from './testing/evaluator-under-test.ts';

const child = fileURLToPath(new URL('./testing/crash-child.ts', import.meta.url));

function evaluator(folder: string, point: string, policy = ''): ChildProcess {
  const flags = ['--disable-warning=ExperimentalWarning'];
  return spawn(process.execPath, [...flags, child, folder, point, policy], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Lets an evaluator run until it has killed itself at the point. */
async function killedAt(point: string, world: TinyWorld, policy?: string): Promise<void> {
  const victim = evaluator(world.folder, point, policy);
  await once(victim, 'exit');
  expect(victim.signalCode).toBe('SIGKILL');
}

/** Runs an evaluator until `holds`. */
async function survivingUntil(
  what: string,
  holds: () => Promise<boolean>,
  world: TinyWorld,
  policy?: string,
): Promise<void> {
  const survivor = evaluator(world.folder, 'never', policy);
  try {
    await until(what, holds);
  } finally {
    survivor.kill('SIGKILL');
    await once(survivor, 'exit');
  }
}

async function open(): Promise<TinyWorld> {
  const world = await TinyWorld.create(['tiny']);
  await makeHeldKey(join(world.folder, 'held.key'));
  return world;
}

const nothingLeft = (world: TinyWorld) => async () => {
  const lag = await world.bus.lag('evaluator', [topics.modelCandidate.name]);
  return lag.every((partition) => partition.lag === 0n);
};

/** What an evaluator that was never killed says of the same candidate. */
async function undisturbed(world: TinyWorld, { sequence }: RoundManifest): Promise<string> {
  await using compute = new ComputeProcess({ backend: { prefer: 'js' } });
  await using service = evaluatorOn(world, compute);
  await using opened = await clientOf(service);
  const request = EvaluateRequest.fromPartial({ modelKey: 'tiny', sequence });
  return sha256(encodeRecord(Verdict, await opened.client.evaluate(request)));
}

test('killed at every step, the evaluator goes on where it was and says the same, byte for byte', async () => {
  await using world = await open();
  await using told = await tapTopic(world.bus, topics.modelVerdict);
  const manifest = await propose(world, { rows: [0, 1, 2, 3] });
  const verdict = async () => world.lineages.verdict('tiny', 1);

  await killedAt('computing', world);
  expect(await verdict()).toBeUndefined();
  await killedAt('held', world);
  expect(await verdict()).toBeUndefined();
  await killedAt('verdict', world);
  const stored = await verdict();
  expect(stored?.digest).toBe(await undisturbed(world, manifest));
  expect(told.records).toHaveLength(0);
  await killedAt('announced', world);
  await survivingUntil('nothing is left to read', nothingLeft(world), world);

  expect(await verdict()).toEqual(stored);
  await until('it was announced', () => told.records.length > 0);
  for (const { value } of told.records) {
    expect(ModelVerdict.decode(value).verdictDigest).toBe(stored?.digest);
    expect(value).toEqual(told.records[0]?.value);
  }
}, 300_000);

test('a policy that changes during an evaluation judges all of it or nothing', async () => {
  await using world = await open();
  const strictYaml = 'name: strict\nmodes: { untrain: { churn.vs_served: { high: 0.2 } } }';
  const strict = join(world.folder, 'strict.yaml');
  await writeFile(strict, strictYaml);
  const bound = (verdict: Verdict | undefined) =>
    verdict?.checks.find(({ name }) => name === 'churn.vs_served')?.high;
  const named = async (sequence: number) =>
    (await world.lineages.verdict('tiny', sequence))?.record;

  await world.decide(await propose(world), false);
  await killedAt('computing', world);
  await survivingUntil('it is judged', async () => (await named(1)) !== undefined, world, strict);
  expect((await named(1))?.policyDigest).toBe(policyDigest(readPolicy(strictYaml)));
  expect(bound(await named(1))).toBe(0.2);

  // A verdict that stands is told as it stands, whatever the policy is by then.
  await propose(world);
  await killedAt('verdict', world);
  const before = await world.lineages.verdict('tiny', 2);
  await survivingUntil('nothing is left to read', nothingLeft(world), world, strict);
  expect(await world.lineages.verdict('tiny', 2)).toEqual(before);
  expect(before?.record.policyDigest).toBe(policyDigest(defaultPolicy));
  expect(bound(before?.record)).toBe(0.25);
}, 300_000);
