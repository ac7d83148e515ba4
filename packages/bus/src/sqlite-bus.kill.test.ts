import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { Acknowledgement } from '../test/kill-writer.ts';
import { drain, rethrow, textOf, until } from './contract/fixture.ts';
import type { IncomingRecord } from './message-bus.ts';
import { SqliteBus } from './sqlite-bus.ts';

const kills = 25;
const seed = Number(process.env['LETHE_TEST_SEED'] ?? 1);
const program = fileURLToPath(new URL('../test/kill-writer.ts', import.meta.url));

/** Lets the program work for a while after it first did both its works, kills it; what it acknowledged. */
async function runAndKill(file: string, run: number, lifeMs: number): Promise<Acknowledgement[]> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, file, String(run), String(seed)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const acknowledged: Acknowledgement[] = [];
  const lines = createInterface(child.stdout);
  lines.on('line', (line) => acknowledged.push(JSON.parse(line) as Acknowledgement));
  const exited = once(child, 'exit');
  // Only a former owner known to be dead at once lets a commit come before the session time-out.
  const kinds = () => new Set(acknowledged.map(({ kind }) => kind));
  await until(() => kinds().size === 2);
  await setTimeout(lifeMs);
  child.kill('SIGKILL');
  expect((await exited)[1]).toBe('SIGKILL');
  if (!child.stdout.readableEnded) await once(lines, 'close');
  return acknowledged;
}

/** A fraction from the run's number: spread evenly, the same for the same seed. */
function fraction(run: number): number {
  return ((run + seed) * 0.618_033_988_749) % 1;
}

function offsetsByPartition(records: readonly IncomingRecord[]): bigint[][] {
  const offsets = [...new Set(records.map((each) => each.partition))].map((partition) =>
    records.filter((each) => each.partition === partition).map((each) => each.offset),
  );
  return offsets;
}

it(`keeps what it acknowledged through ${kills} kills (seed ${seed})`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-kill-'));
  const file = join(folder, 'bus.db');
  const acknowledged: Acknowledgement[] = [];
  for (let run = 0; run < kills; run++) {
    acknowledged.push(...(await runAndKill(file, run, fraction(run) * 100)));
  }

  await using bus = await SqliteBus.open({ file });
  const committed = new Map(
    (await bus.lag('copy', ['in'])).map((each) => [each.partition, Number(each.committed)]),
  );
  for (const each of acknowledged) {
    if (each.kind === 'committed') {
      expect(committed.get(each.partition)).toBeGreaterThanOrEqual(each.nextOffset);
    }
  }

  // The copier that was killed goes on here, until nothing is left.
  await using _copying = await bus.consume({
    group: 'copy',
    topics: ['in'],
    onFatal: rethrow,
    onPartition: async (partition) => {
      while (!partition.lost.aborted) {
        const records = await partition.read(50, 60_000);
        const last = records.at(-1);
        if (last === undefined) continue;
        const copies = records.map(({ key, value }) => ({ topic: 'out', key, value }));
        await partition.commit(last.offset + 1n, copies);
      }
    },
  });
  await until(async () => (await bus.lag('copy', ['in'])).every((each) => each.lag === 0n));
  const ends = async (topic: string) =>
    (await bus.lag('check', [topic])).reduce((sum, each) => sum + Number(each.end), 0);
  const source = await drain(bus, 'check', ['in'], await ends('in'));
  const copies = await drain(bus, 'check', ['out'], await ends('out'));

  for (const offsets of [...offsetsByPartition(source), ...offsetsByPartition(copies)]) {
    expect(offsets).toEqual(offsets.map((_, index) => BigInt(index)));
  }
  const texts = source.map(textOf);
  expect(new Set(texts).size).toBe(texts.length);
  // Every copy exactly once: no transaction was torn, none was repeated.
  expect(copies.map(textOf).toSorted()).toEqual(texts.toSorted());
  const sizes = new Map<string, number>();
  for (const text of texts) {
    const batch = text.slice(0, text.indexOf('/'));
    sizes.set(batch, (sizes.get(batch) ?? 0) + 1);
  }
  for (const text of texts) {
    const [batch, , size] = text.split('/');
    if (sizes.get(batch as string) !== Number(size)) expect.fail(`batch ${batch} is torn`);
  }
  const published = acknowledged.flatMap((each) => (each.kind === 'published' ? [each] : []));
  expect(published.length).toBeGreaterThanOrEqual(kills);
  for (const { batch, size } of published) {
    if (sizes.get(batch) !== size) expect.fail(`batch ${batch} was acknowledged and is not there`);
  }
  await rm(folder, { recursive: true });
});
