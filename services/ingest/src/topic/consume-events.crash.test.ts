import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DeletionRequested, DeletionStatus, IntakeAnswer, topics } from '@lethe/contracts';
import { readTopic } from '@lethe/service-kit/testing';
import { expect, test } from 'vitest';
import { deletionEventType } from '../formats/cloud-event.ts';
import { openIntakeHome } from '../testing/intake-home.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const count = 1_200;
const kills = 5;

/** UUIDs that follow from a number. */
function idOf(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

test('through kill -9 at any moment each event becomes one request and one answer', async () => {
  await using home = await openIntakeHome();
  const topic = topics.deletionIntake.name;
  await home.bus.ensureTopics([topics.deletionIntake]);
  const ids: string[] = [];
  const send = async () => {
    // Every tenth comes twice, with the same id, anywhere.
    const numbers = Array.from({ length: count }, (_, at) => ids.length + at);
    const next = numbers.map((n) => idOf(n % 10 === 9 ? n - 9 : n));
    await home.bus.publish(
      next.map((id, n) => ({
        topic,
        key: n % 3 === 0 ? '' : `k${n % 7}`,
        headers: { 'content-type': 'application/cloudevents+json' },
        value: Buffer.from(
          JSON.stringify({
            specversion: '1.0',
            id,
            source: 'shop',
            type: deletionEventType,
            data: { model_key: 'm1', scope: { subject: 'user-1' } },
          }),
        ),
      })),
    );
    ids.push(...next);
  };
  const left = async () => {
    const lag = await home.bus.lag('ingest', [topic]);
    return Number(lag.reduce((sum, each) => sum + each.lag, 0n));
  };
  for (let killed = 0; killed <= kills; killed++) {
    // However far the former ones came: nothing is killed idle.
    if ((await left()) === 0) await send();
    const child = startIngest(home.folder);
    const before = await left();
    if (killed < kills) {
      while ((await left()) === before && before > 0) {
        if (child.exitCode !== null) throw new Error(`ingest ended by itself: ${child.exitCode}`);
        await delay(2);
      }
      // At another moment of the work each time: reserving, publishing, committing.
      await delay((killed * 5) % 17);
    } else {
      await expect.poll(left).toBe(0);
    }
    const end = once(child, 'close');
    child.kill('SIGKILL');
    await end;
  }
  const requested = await readTopic(home.bus, topics.deletionRequested);
  const requests = requested.map(({ value }) => DeletionRequested.decode(value));
  expect(requests.map(({ requestId }) => requestId).sort()).toEqual([...new Set(ids)].sort());

  const answers = (await readTopic(home.bus, topics.deletionReceipt)).map(({ value }) =>
    IntakeAnswer.decode(value),
  );
  expect(answers.map(({ requestId }) => requestId).sort()).toEqual(ids.toSorted());
  expect(new Set(answers.map(({ event }) => event)).size).toBe(ids.length);

  // Receipt, request and status of one id tell the same time, also where it was handled twice.
  const acceptedAt = new Map(requests.map((each) => [each.requestId, each.acceptedTime]));
  for (const { requestId, answer } of answers) {
    expect(answer?.value).toMatchObject({ acceptedTime: acceptedAt.get(requestId) });
  }
  const statuses = await readTopic(home.bus, topics.deletionStatus);
  const told = statuses.map(({ value }) => DeletionStatus.decode(value).requestId);
  expect(told.sort()).toEqual([...new Set(ids)].sort());
}, 300_000);

function startIngest(folder: string): ChildProcess {
  const args = ['--disable-warning=ExperimentalWarning', main];
  const addresses = ['--bus', `sqlite:${join(folder, 'bus.sqlite')}`];
  const index = ['--index', join(folder, 'ingest.sqlite')];
  return spawn(process.execPath, [...args, ...addresses, ...index], {
    stdio: 'ignore',
    env: {
      ...process.env,
      LETHE_STORE: `folder:${join(folder, 'store')}`,
      LETHE_CACHE: join(folder, 'cache'),
      LETHE_KEYS: join(folder, 'keys'),
    },
  });
}
