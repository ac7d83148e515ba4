import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunFolder } from './run-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'continual-'));
});
afterEach(() => rm(folder, { recursive: true }));

const positionAfter = (n: number) => ({
  weights: [Float32Array.of(n, 2, 3), Float32Array.of(4)],
  state: Uint8Array.of(n, 9),
});
const open = (settings = '{}') => RunFolder.open<{ round: number }>(folder, settings, [3, 1]);

describe('the folder of a run', () => {
  it('goes on from the last round', async () => {
    const run = await open();
    expect(run.position).toBeUndefined();
    await run.add({ round: 1 }, positionAfter(1));
    await run.add({ round: 2 }, positionAfter(2));
    const again = await open();
    expect(again.rows).toEqual([{ round: 1 }, { round: 2 }]);
    expect(again.position).toEqual(positionAfter(2));
  });

  it('keeps the weights of one round only', async () => {
    const run = await open();
    for (let n = 1; n <= 5; n++) await run.add({ round: n }, positionAfter(n));
    expect((await readdir(folder)).filter((name) => name.endsWith('.bin'))).toEqual([
      'after-5.bin',
    ]);
  });

  it('does a round again whose line was cut off', async () => {
    await (await open()).add({ round: 1 }, positionAfter(1));
    await appendFile(join(folder, 'rounds.jsonl'), '{"round":2');
    const again = await open();
    expect(again.rows).toEqual([{ round: 1 }]);
    await again.add({ round: 2 }, positionAfter(2));
    expect((await open()).rows).toEqual([{ round: 1 }, { round: 2 }]);
  });

  it('is not mistaken for that of another run', async () => {
    await open('{"k":32}');
    await expect(open('{"k":64}')).rejects.toThrow('holds another run');
  });
});
