import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openBackend } from '@lethe/compute';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AuditArguments, parseAuditArguments } from './arguments.ts';
import { exportPlan } from './export-plan.ts';
import { KeptFiles } from './kept-files.ts';
import { loadParts } from './parts.ts';

const folder = mkdtempSync(join(tmpdir(), 'lethe-audit-plan-'));
const pixels = 28 * 28;
beforeAll(async () => {
  await openBackend({ prefer: 'js' });
  writeMnist(4100);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** n images that differ from one another, in MNIST's layout. */
function writeMnist(n: number): void {
  const images = Buffer.alloc(16 + n * pixels);
  for (const [i, word] of [0x803, n, 28, 28].entries()) images.writeUInt32BE(word, 4 * i);
  for (let at = 0; at < n * pixels; at++) images[16 + at] = (at * 31 + (at / pixels) * 7) % 251;
  const labels = Buffer.alloc(8 + n);
  for (const [i, word] of [0x801, n].entries()) labels.writeUInt32BE(word, 4 * i);
  for (let i = 0; i < n; i++) labels[8 + i] = i % 10;
  mkdirSync(join(folder, 'mnist'));
  writeFileSync(join(folder, 'mnist/train-images-idx3-ubyte'), images);
  writeFileSync(join(folder, 'mnist/train-labels-idx1-ubyte'), labels);
}

function argumentsOf(...given: string[]): AuditArguments {
  const small = ['--train', '60', '--held-out', '40', '--k', '5', '--rounds', '2'];
  const args = parseAuditArguments([...small, '--members', '2', '--data-dir', folder, ...given]);
  if (args === 'help') throw new Error('these are no arguments of a run');
  return args;
}

it('writes which network is trained on what, where the bench looks for it', async () => {
  const args = argumentsOf('--network', 'resnet-8', '--resume', join(folder, 'kept'), '--export');
  const written = await exportPlan(args);
  expect(written).toBe(dirname(new KeptFiles(args).trained('original.bin') as string));
  const plan = JSON.parse(readFileSync(join(written, 'plan.json'), 'utf8'));
  expect(
    plan.networks.map(({ file, seed }: { file: string; seed: number }) => [file, seed]),
  ).toEqual([
    ['original.bin', 0],
    ['member-0-retrained.bin', 100],
    ['member-0-shadow.bin', 101],
    ['member-1-retrained.bin', 200],
    ['member-1-shadow.bin', 201],
  ]);
  const { rounds, network } = await loadParts(args);
  const images = readFileSync(join(written, 'images.u8'));
  const labels = readFileSync(join(written, 'labels.u8'));
  expect([images.length, labels.length]).toEqual([60 * pixels, 60]);
  const leftOut: number[] = plan.networks[1].leftOut;
  const forgotten = rounds.flatMap(({ values }) => [...values].map((v) => Math.round(255 * v)));
  expect(leftOut.flatMap((row) => [...images.subarray(row * pixels, (row + 1) * pixels)])).toEqual(
    forgotten,
  );
  expect(leftOut.map((row) => labels[row])).toEqual(rounds.flatMap((round) => [...round.labels]));
  expect(plan.networks[3].leftOut).toEqual(leftOut);
  expect([plan.networks[0], plan.networks[2]].map((one) => one.leftOut)).toEqual([[], []]);
  expect(plan.weights).toEqual(network.model.getWeights().map(({ shape }) => shape));
});

it('names what it lacks', async () => {
  await expect(exportPlan(argumentsOf('--network', 'resnet-8'))).rejects.toThrow(/resume/);
  const small = argumentsOf('--resume', join(folder, 'none'));
  await expect(exportPlan(small)).rejects.toThrow(/network.*small.*resnet-8, resnet-20/s);
});

it('keeps trained networks whatever unlearns, and each by the images it saw', () => {
  const at = (...given: string[]) => new KeptFiles(argumentsOf('--resume', folder, ...given));
  const [usual, other, seed] = [at(), at('--set', 'margin=3'), at('--seed', '1')];
  expect(other.trained('a')).toBe(usual.trained('a'));
  expect(other.unlearned('a')).not.toBe(usual.unlearned('a'));
  expect(seed.trained('a')).not.toBe(usual.trained('a'));
  expect(existsSync(dirname(usual.trained('a') as string))).toBe(true);
  expect(new KeptFiles(argumentsOf()).trained('a')).toBeUndefined();
});
