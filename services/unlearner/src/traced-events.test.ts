import { DeletionRequested, deadLetterTopic, topics } from '@lethe/contracts';
import { requestKey } from '@lethe/lineage';
import { encodeEvent } from '@lethe/service-kit';
import { traceIdOf, traceparentHeader } from '@lethe/telemetry';
import { type RecordedTelemetry, recordTelemetry } from '@lethe/telemetry/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TinyWorld, tapTopic, until } from '../../../test/support/tiny-world.ts';
import type { Attempt } from './actor-state.ts';
import { StandInCompute, standInRound } from './testing/stand-in-compute.ts';
import { progressOf, unlearnerOn } from './testing/unlearner-under-test.ts';
import { tracedRound } from './traced-round.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
let telemetry: RecordedTelemetry;
let world: TinyWorld;

beforeAll(async () => {
  telemetry = recordTelemetry();
  world = await TinyWorld.create(['tiny']);
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await telemetry[Symbol.asyncDispose]();
});

async function send(request: DeletionRequested, key = request.modelKey): Promise<void> {
  const record = encodeEvent(topics.deletionRequested, key, DeletionRequested, request);
  await world.bus.publish([
    { ...record, headers: { ...record.headers, [traceparentHeader]: traceparent } },
  ]);
}

const spansNamed = (name: string) => telemetry.spans().filter((span) => span.name === name);

test('failed steps of the ladder are events of their rounds, and the end of it one of the request', async () => {
  const compute = new StandInCompute((input) => ({ ...standInRound(input), outcome: 'diverged' }));
  await using unlearner = unlearnerOn(world, compute, {
    ladder: '[{"method":"a"},{"method":"b"}]',
  });
  await unlearner.start();
  const request = { ...(await world.request({ rows: [0] })), traceparent };
  await send(request);
  await until('it is escalated', async () => {
    return (await progressOf(world, requestKey(request))) === 'escalated';
  });
  await until('its trace says so', () => spansNamed('escalate').length > 0);
  const rounds = spansNamed('round');
  expect(rounds.map(({ attributes }) => attributes['lethe.method'])).toEqual(['a', 'b']);
  for (const { events, links } of rounds) {
    expect(events.map(({ name }) => name)).toEqual(['ladder step failed']);
    expect(links.map(({ context }) => context.traceId)).toEqual([traceIdOf(traceparent)]);
  }
  const [escalate] = spansNamed('escalate');
  expect(escalate?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  expect(escalate?.events.map(({ name }) => name)).toEqual(['escalated']);
});

test('a round whose position another owner took first says so', async () => {
  const attempt = { sequence: 7, ladderStep: 0, rung: { method: 'a' }, parts: [] } as const;
  await tracedRound('tiny', attempt as unknown as Attempt, async () => ({ kind: 'overtaken' }));
  const round = spansNamed('round').find(({ attributes }) => attributes['lethe.sequence'] === 7);
  expect(round?.attributes['lethe.outcome']).toBe('overtaken');
  expect(round?.events).toMatchObject([{ name: 'fenced', attributes: { 'lethe.sequence': 7 } }]);
});

test('a request that is set aside says so in its trace', async () => {
  await using letters = await tapTopic(world.bus, deadLetterTopic(topics.deletionRequested));
  await using unlearner = unlearnerOn(world, new StandInCompute());
  await unlearner.start();
  await send(await world.request({ rows: [1] }), 'other');
  await until('it is set aside', () => letters.records.length > 0);
  const [span] = spansNamed(`process ${topics.deletionRequested.name}`);
  expect(span?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  expect(span?.events.map(({ name, attributes }) => [name, attributes?.['reason']])).toEqual([
    ['dead letter', 'its key is not the model that it names'],
  ]);
});
