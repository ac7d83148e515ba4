import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Mode, RoundManifest } from '@lethe/contracts';
import { expect, test } from 'vitest';
import { lethe, startLethe } from '../support/lethe-process.ts';
import { TinyWorld, until } from '../support/tiny-world.ts';

/** Promotes a round that says it forgot the rows, and whose weights are the original ones. */
async function promoteNothingForgotten(world: TinyWorld, rows: readonly number[]): Promise<void> {
  const original = (await world.lineages.registration('tiny'))?.record.weightsDigest ?? '';
  const request = await world.request({ rows });
  const manifest = RoundManifest.fromPartial({
    modelKey: 'tiny',
    sequence: 1,
    entry: {
      $case: 'round',
      value: {
        parentWeightsDigest: original,
        weightsDigest: original,
        stateDigest: original,
        parts: [{ request, rows: [...rows], last: true }],
        mode: Mode.MODE_UNTRAIN,
        method: 'planted',
        settingsJson: '{}',
      },
    },
    createdTime: new Date(0),
  });
  await world.lineages.commitManifest(manifest);
  await world.decide(manifest, true);
}

test('an audit goes on after kill -9, and signs what it found, also that it cannot tell', async () => {
  await using world = await TinyWorld.create(['tiny']);
  const rows = Array.from({ length: 24 }, (_, row) => row);
  await promoteNothingForgotten(world, rows);
  const work = join(world.folder, 'members');
  const report = join(world.folder, 'report.json');
  const home = ['--home', world.folder];
  const args = [
    ...['audit', 'tiny', ...home, '--members', '2', '--epochs', '5', '--backend', 'js'],
    ...['--work', work, '--report', report],
  ];

  const victim = startLethe(args);
  const exited = once(victim, 'exit');
  const finished = () => readdirSync(work).filter((name) => name.endsWith('.json'));
  await until('one member is finished', () => existing(finished).length > 0, 240_000);
  victim.kill('SIGKILL');
  await exited;
  const [first = ''] = finished();
  const before = readFileSync(join(work, first), 'utf8');

  const { code, stdout } = await lethe([...args, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({
    gate: 'undecided',
    // Five epochs make no network like the original.
    explanation: expect.stringContaining('Give the --epochs that this network needs'),
    original: { forget: 1 },
    served: { forget: 1 },
  });
  expect(code).toBe(6);
  expect(finished()).toHaveLength(2);
  expect(readFileSync(join(work, first), 'utf8')).toBe(before);

  const keys = join(world.folder, 'keys.json');
  await lethe(['keys', 'export', keys, ...home]);
  const verified = await lethe(['verify', report, '--keys', keys]);
  expect(verified.stdout).toMatch(/^valid: audit of/);
}, 480_000);

/** What `read` gives, nothing while its files are not there. */
function existing(read: () => readonly string[]): readonly string[] {
  try {
    return read();
  } catch {
    return [];
  }
}
