// A class that is to be forgotten as a whole, through a running `lethe up` and its default gate: more
// samples than a round holds, most of them lost with the first round.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lethe, startUp, temporaryFolder, type Up } from '../support/lethe-process.ts';

const demoModel = fileURLToPath(new URL('../../apps/cli/assets/demo-model', import.meta.url));
const folder = temporaryFolder();
const home = join(folder.path, 'home');
let up: Up;

beforeAll(async () => {
  const wasm = ['--backend', 'wasm'];
  const imported = await lethe([
    ...['import', 'demo', '--home', home, '--weights', demoModel, ...wasm],
    ...['--train', 'synthetic:?split=train&train=1600', '--subjects-per', '5'],
    ...['--stop', 'synthetic:?split=test&rows=0-200'],
    ...['--gate', 'synthetic:?split=test&rows=200-1000'],
  ]);
  expect(imported.stderr).not.toContain('error');
  up = await startUp(home, [...wasm, '--max-wait', '0']);
});

afterAll(async () => {
  await up.stop();
  folder[Symbol.dispose]();
});

/** Every line that a command wrote with `--json`. */
async function json(...args: string[]): Promise<Record<string, unknown>[]> {
  const { stdout } = await lethe([...args, '--home', home, '--json']);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Sends a request and waits for its end. */
async function ask(...scope: string[]): Promise<Record<string, unknown>> {
  const sent = await json('submit', '--model', 'demo', '--wait', ...scope);
  return (await json('status', String(sent[0]?.['requestId'])))[0]?.['current'] as never;
}

async function lossOf(label: number, check: string, sequence: unknown) {
  const answers = (await json('verdict', 'demo', String(sequence))) as {
    verdict: { checks: { name: string; value?: number }[] };
  }[];
  const checks = answers[0]?.verdict.checks ?? [];
  return checks.find(({ name }) => name === `${check}.${label}`);
}

const misclassify = ['--mode', 'misclassify'];

test('it is lost beyond its samples, and stays lost', async () => {
  const ended = await ask(...misclassify, '--class', '0');
  expect(ended).toMatchObject({ state: 'REQUEST_STATE_COMPLETED', sampleCount: 209 });
  const rounds = (await json('rounds', 'demo')) as { round: { metrics: { outcome: string } } }[];
  expect(rounds.length).toBeGreaterThanOrEqual(Math.ceil(209 / 64));
  expect(rounds.map(({ round }) => round.metrics.outcome)).toContain('already_forgotten');
  const lost = await lossOf(0, 'lost_class.recognised', ended['sequence']);
  expect(lost).toMatchObject({ outcome: 'OUTCOME_PASS' });
  expect(lost?.value ?? 0).toBeLessThan(0.1);

  const later = await ask('--subject', 'subject-5');
  expect(later).toMatchObject({ state: 'REQUEST_STATE_COMPLETED' });
  const kept = await lossOf(0, 'lost_class.came_back', later['sequence']);
  expect(kept).toMatchObject({ outcome: 'OUTCOME_PASS' });
});

test('to untrain a whole class is to lose it: who never saw it recognises none of it', async () => {
  const ended = await ask('--class', '1');
  expect(ended).toMatchObject({ state: 'REQUEST_STATE_COMPLETED' });
  const lost = await lossOf(1, 'lost_class.recognised', ended['sequence']);
  expect(lost).toMatchObject({ outcome: 'OUTCOME_PASS' });
});

test('of a sample that the model got wrong before it is said, and nothing changes', async () => {
  const serving = async () => (await json('serving', 'demo'))[0];
  const before = await serving();
  const ended = await ask(...misclassify, '--sample', 'train/8');
  expect(ended).toMatchObject({ state: 'REQUEST_STATE_ALREADY_FORGOTTEN', sampleCount: 1 });
  expect(await serving()).toMatchObject({ weightsDigest: before?.['weightsDigest'] });
});
