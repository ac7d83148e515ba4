import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type IncomingRecord, SqliteBus } from '@lethe/bus';
import { deadLetterTopic, type TopicSpec } from '@lethe/contracts';
import { expect, test } from 'vitest';
import { readTopic } from '../testing/read-topic.ts';

const program = fileURLToPath(new URL('../testing/echo-program.ts', import.meta.url));
const source: TopicSpec = { name: 'in', partitions: 2, retentionMs: 86_400_000 };
const target: TopicSpec = { name: 'out', partitions: 2, retentionMs: 86_400_000 };
const count = 1_500;
const kills = 8;

function lines(records: readonly IncomingRecord[]): string[] {
  return records.map(({ value }) => Buffer.from(value).toString());
}

test('through kill -9 nothing is lost, each key keeps its order, and little is done twice', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-echo-'));
  const file = join(folder, 'bus.sqlite');
  try {
    await using bus = await SqliteBus.open({ file });
    await bus.ensureTopics([source, target, deadLetterTopic(source)]);
    const sent: { readonly key: string; readonly text: string }[] = [];
    const send = async () => {
      const next = Array.from({ length: count }, (_, at) => {
        const n = sent.length + at;
        const isPoison = n % 53 === 7;
        return {
          key: `k${n % 11}`,
          text: `${n} ${n % 17 === 3 ? n % 5 : 0} ${isPoison ? 'poison' : 'done'}`,
        };
      });
      await bus.publish(
        next.map(({ key, text }) => ({ topic: 'in', key, value: Buffer.from(text) })),
      );
      sent.push(...next);
    };
    const left = async () =>
      (await bus.lag('echo', ['in'])).reduce((sum, { lag }) => sum + lag, 0n);
    for (let killed = 0; killed <= kills; killed++) {
      // However far the former ones came: nothing is killed idle.
      if (sent.length === 0 || (await left()) === 0n) await send();
      const child = spawn(process.execPath, [
        '--disable-warning=ExperimentalWarning',
        program,
        file,
      ]);
      const end = once(child, 'close');
      await once(child.stdout, 'data');
      const before = await left();
      if (killed < kills) {
        // At a moment when some of it is done.
        while ((await left()) === before && (await left()) > 0n) await delay(1);
        await delay((killed * 7) % 20);
      } else {
        await expect.poll(left).toBe(0n);
      }
      child.kill('SIGKILL');
      await end;
    }

    const copied = await readTopic(bus, target);
    const letters = await readTopic(bus, deadLetterTopic(source));
    for (const key of new Set(sent.map((each) => each.key))) {
      const mine = sent.filter((each) => each.key === key).map(({ text }) => text);
      const shown = [...new Set(lines(copied.filter((record) => record.key === key)))];
      expect(shown).toEqual(mine.filter((text) => text.endsWith('done')));
      const aside = [...new Set(lines(letters.filter((record) => record.key === key)))];
      expect(aside).toEqual(mine.filter((text) => text.endsWith('poison')));
    }
    // Twice only what was open or settled behind something open at a kill: less than a window each.
    expect(copied.length + letters.length - sent.length).toBeLessThan(kills * 400);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
