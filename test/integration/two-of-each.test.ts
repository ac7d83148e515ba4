// Two unlearners, two evaluators, two registries at once on a real broker: rebalances, hand-overs,
// rounds of minutes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openCallbackReceiver } from '../../services/registry/src/testing/callback-receiver.ts';
import { Pipeline } from '../chaos/pipeline.ts';
import { serverSurroundings, untilSettled } from '../chaos/server-surroundings.ts';
import { temporaryFolder } from '../support/lethe-process.ts';

const sessionTimeoutMs = 6_000;
/** Set it to 300000 for the round of five minutes. */
const longRoundMs = Number(process.env['LETHE_TEST_LONG_ROUND_MS'] ?? 30_000);
const models = 8;

let pipeline: Pipeline | undefined;
afterEach(async () => {
  await pipeline?.[Symbol.asyncDispose]();
  pipeline = undefined;
});

async function start(settings: Readonly<Record<string, string>> = {}): Promise<Pipeline> {
  return await Pipeline.start({
    open: (folder) => serverSurroundings(folder, 1),
    requests: 400,
    models,
    settings: {
      LETHE_KAFKA_SESSION_TIMEOUT_MS: String(sessionTimeoutMs),
      LETHE_MAX_BATCH: '150',
      ...settings,
    },
  });
}

test('who survives takes over from one of each that was killed, and does no more than the attempts that were cut off', async () => {
  using folder = temporaryFolder();
  await using receiver = await openCallbackReceiver();
  const callbacks = join(folder.path, 'callbacks.json');
  const [networks, states] = [['127.0.0.0/8'], ['completed']];
  const shop = { emitter: 'shop-1', url: receiver.url, networks, states };
  writeFileSync(callbacks, JSON.stringify({ callbacks: [shop] }));
  pipeline = await start({ CHAOS_LONG_ROUND_MS: '5000', LETHE_CALLBACKS_FILE: callbacks });
  const { fleet, surroundings } = pipeline;
  await untilSettled(surroundings, 'unlearner', 2);
  // Subject 0 of each model is a big one: a long round. What follows is small.
  const first = await pipeline.send(models);

  // In the middle of its long rounds.
  await expect
    .poll(() => attemptsOf(fleet.logOf('unlearner-1')).filter(isAtWork), { interval: 20 })
    .not.toEqual([]);
  const killed = ['unlearner-1', 'evaluator-1', 'registry-1'].map((name) => fleet.member(name));
  for (const member of killed) member.held = true;
  await Promise.all(killed.map((member) => member.process?.kill()));
  const cutOff = attemptsOf(fleet.logOf('unlearner-1')).filter(isAtWork);
  expect(cutOff).not.toEqual([]);
  const killedAtMs = performance.now();
  await pipeline.untilCompleted([...first, ...(await pipeline.send(models * 3))]);
  say(`${cutOff.length} taken over and done ${seconds(killedAtMs)} after the kill`);

  // An attempt that was not cut off, by the kill or as its partition was lost, is its round's only one.
  const kept = [
    ...attemptsOf(fleet.logOf('unlearner-1')).filter((attempt) => !isAtWork(attempt)),
    ...attemptsOf(fleet.logOf('unlearner-2')),
  ].filter(({ end }) => end !== 'cut off');
  const rounds = kept.map(({ round }) => round);
  expect(rounds).toEqual([...new Set(rounds)]);

  for (const member of killed) member.held = false;
  await pipeline.untilCompleted(await pipeline.send(models * 2));
  expect(await pipeline.check()).toMatchObject({ violations: [], figures: { lost: 0, twice: 0 } });

  // The emitter heard of each of its requests: often enough, and as one and the same delivery.
  const told = () => {
    const deliveries = new Map<string, Set<string>>();
    for (const { body, headers } of receiver.received) {
      const envelope = JSON.parse(body) as { payload: string };
      const statement = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as {
        predicate: { request_id: string; state: string };
      };
      const { request_id: id, state } = statement.predicate;
      const known = deliveries.get(`${id} ${state}`) ?? new Set();
      deliveries.set(`${id} ${state}`, known.add(String(headers['lethe-delivery-id'])));
    }
    return deliveries;
  };
  const own = pipeline.accepted.filter(({ emitter }) => emitter === shop.emitter);
  const ends = [...new Set(own.map(({ requestId }) => `${requestId} completed`))].sort();
  await expect.poll(() => [...told().keys()].sort()).toEqual(ends);
  expect([...told().values()].map(({ size }) => size)).toEqual(ends.map(() => 1));
});

test('a round of minutes keeps its partition while others come and go, and they work on meanwhile', async () => {
  pipeline = await start({ CHAOS_LONG_ROUND_MS: String(longRoundMs) });
  const { fleet, world } = pipeline;
  const second = fleet.member('unlearner-2');
  second.held = true;
  await second.process?.kill();

  // The first request of a model names 150 samples: a long round.
  const [long] = await pipeline.send(world.requests.slice(0, 1));
  await expect.poll(() => roundsBegun(fleet.logOf('unlearner-1'))).toEqual([`${long!.modelKey} 1`]);
  const others = world.requests.filter(({ modelKey, rows }) => {
    return modelKey !== long!.modelKey && rows.length < 60;
  });
  const [before, meanwhile, after] = [
    others.slice(0, 14),
    others.slice(14, 28),
    others.slice(28, 42),
  ];
  await pipeline.untilCompleted(await pipeline.send(before));

  second.held = false;
  const joinedAtMs = performance.now();
  await expect
    .poll(() => roundsBegun(fleet.logOf('unlearner-2')).length + ownedBy(second))
    .toBeGreaterThan(0);
  await pipeline.untilCompleted(await pipeline.send(meanwhile));
  say(`a member more, and the others' requests done after ${seconds(joinedAtMs)}`);

  second.held = true;
  await second.process?.kill();
  const leftAtMs = performance.now();
  await pipeline.untilCompleted(await pipeline.send(after));
  say(`a member less, and the others' requests done after ${seconds(leftAtMs)}`);
  const isOver = (await pipeline.endings()).get(`${long!.emitter}/${long!.requestId}`);
  say(`the long round is ${isOver}`);

  await pipeline.untilCompleted([long!], longRoundMs + 60_000);
  const mine = roundsBegun(fleet.logOf('unlearner-1')).filter(
    (round) => round === `${long!.modelKey} 1`,
  );
  expect(mine).toHaveLength(1);
  expect(roundsBegun(fleet.logOf('unlearner-2'))).not.toContain(`${long!.modelKey} 1`);
  expect(await pipeline.check()).toMatchObject({ violations: [], figures: { lost: 0, twice: 0 } });
});

interface Line {
  readonly message: string;
  readonly model?: string;
  readonly sequence?: number;
}

function linesOf(log: string): Line[] {
  return log
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));
}

/** `model sequence` of every attempt that was begun. */
function roundsBegun(log: string): string[] {
  return attemptsOf(log).map(({ round }) => round);
}

interface Attempt {
  /** `model sequence`. */
  readonly round: string;
  end: 'committed' | 'cut off' | undefined;
}

/** Every attempt that an unlearner began, and what became of it. */
function attemptsOf(log: string): Attempt[] {
  const attempts: Attempt[] = [];
  for (const { message, model, sequence } of linesOf(log)) {
    const round = `${model} ${sequence}`;
    const current = attempts.findLast((attempt) => attempt.round === round);
    if (message === 'a round begins') attempts.push({ round, end: undefined });
    else if (message.startsWith('a round is committed')) current!.end = 'committed';
    else if (message === 'a round is cut off') current!.end = 'cut off';
  }
  return attempts;
}

function isAtWork({ end }: Attempt): boolean {
  return end === undefined;
}

function ownedBy(member: { readonly process: { output(): string } | undefined }): number {
  return member.process?.output().includes('"grpc":') === true ? 1 : 0;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}
