import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DeletionStatus, ModelCandidate, type RoundManifest, topics } from '@lethe/contracts';
import { openLineage, requestKey } from '@lethe/lineage';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../test/support/seeded-random.ts';
import { TinyWorld, tapTopic, until } from '../../../test/support/tiny-world.ts';
import { gateOn, roundsOf } from './testing/unlearner-under-test.ts';

const child = fileURLToPath(new URL('./testing/crash-child.ts', import.meta.url));
const points = ['manifest', 'computing', 'transaction', 'blob', 'manifest'] as const;

function unlearner(folder: string, point: string, passage = 1): ChildProcess {
  const flags = ['--disable-warning=ExperimentalWarning'];
  return spawn(process.execPath, [...flags, child, folder, point, String(passage)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function stop(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  process.kill('SIGKILL');
  await once(process, 'exit');
}

/** Refuses some attempts, the same ones whenever they are asked about. */
function passes({ sequence }: RoundManifest): boolean {
  return sequence % 5 !== 3;
}

test('killed at every step in turn, the unlearner loses no request and applies none twice', async () => {
  await using world = await TinyWorld.create(['tiny']);
  await using candidates = await tapTopic(world.bus, topics.modelCandidate);
  await using statuses = await tapTopic(world.bus, topics.deletionStatus);
  await using _ = await gateOn(world, passes);
  const random = seededRandom(1);
  const keys: string[] = [];
  for (let index = 0; index < 20; index++) {
    const rows = Array.from({ length: 1 + Math.floor(random() * 6) }, (_, i) => 10 * index + i);
    keys.push(await world.submit({ rows }));
  }
  const ended = async () => {
    const { state } = await openLineage(world.lineages, 'tiny');
    return keys.every((key) => /completed|escalated/.test(state.progress(key).kind));
  };

  for (const point of points) {
    const victim = unlearner(world.folder, point, 1 + Math.floor(random() * 3));
    try {
      const isGone = () => victim.exitCode !== null || victim.signalCode !== null;
      await until('it is killed or all has ended', async () => isGone() || (await ended()));
    } finally {
      await stop(victim);
    }
    expect(victim.signalCode).toBe('SIGKILL');
  }
  const survivor = unlearner(world.folder, 'never');
  try {
    await until('every request has ended', ended);
    await until('nothing is left to read', async () => {
      const lag = await world.bus.lag('unlearner', [topics.deletionRequested.name]);
      return lag.every((partition) => partition.lag === 0n);
    });
  } finally {
    await stop(survivor);
  }

  // One chain: openLineage has checked it; every row of a request in one promoted round.
  const log = await world.log();
  const served = new Map<string, number[]>();
  for (const { sequence, entry } of log) {
    if (entry?.$case !== 'round') continue;
    const decision = await world.lineages.decision('tiny', sequence);
    if (decision?.record.promoted !== true) continue;
    for (const { request, rows } of entry.value.parts) {
      const key = request === undefined ? '' : requestKey(request);
      served.set(key, [...(served.get(key) ?? []), ...rows]);
    }
  }
  const { state } = await openLineage(world.lineages, 'tiny');
  for (const [index, key] of keys.entries()) {
    if (state.progress(key).kind !== 'completed') continue;
    const rows = served.get(key)?.toSorted((a, b) => a - b) ?? [];
    expect(rows[0]).toBe(10 * index);
    expect(new Set(rows).size).toBe(rows.length);
  }
  expect(roundsOf(log).length).toBeGreaterThan(4);

  // Every committed manifest was announced, once; statuses are those of the manifests.
  await Promise.all([candidates.caughtUp(), statuses.caughtUp()]);
  const announced = candidates.records.map(({ value }) => ModelCandidate.decode(value));
  const sequences = new Set(announced.map(({ sequence }) => sequence));
  expect(sequences.size).toBe(roundsOf(log).length);
  expect(announced).toHaveLength(sequences.size);
  const told = new Set(statuses.records.map(({ value }) => Buffer.from(value).toString('hex')));
  const outboxes = log.flatMap(({ outbox }) => outbox.map(({ value }) => value));
  expect(told).toEqual(new Set(outboxes.map((value) => Buffer.from(value).toString('hex'))));
  expect(DeletionStatus.decode(outboxes[0] ?? new Uint8Array()).modelKey).toBe('tiny');
}, 300_000);
