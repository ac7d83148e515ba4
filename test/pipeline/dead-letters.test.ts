// Dead letters as an operator meets them, on one running `lethe up`.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SqliteBus } from '@lethe/bus';
import {
  DeadLetterServiceClient,
  IntakeAnswer,
  ListDeadLettersRequest,
  RequestState,
  topics,
} from '@lethe/contracts';
import { connect, deadLetterRecord } from '@lethe/service-kit';
import { readTopic } from '@lethe/service-kit/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lethe, startUp, temporaryFolder, type Up } from '../support/lethe-process.ts';

const demoModel = fileURLToPath(new URL('../../apps/cli/assets/demo-model', import.meta.url));
const folder = temporaryFolder();
const home = join(folder.path, 'home');
const wasm = ['--backend', 'wasm'];
let up: Up;
let bus: SqliteBus;

beforeAll(async () => {
  const sets = [
    '--gate',
    'synthetic:?split=test&rows=0-200',
    '--stop',
    'synthetic:?split=test&rows=200-400',
  ];
  const train = ['--train', 'synthetic:?split=train', '--subjects-per', '5'];
  const imported = await lethe([
    'import',
    'demo',
    '--home',
    home,
    ...wasm,
    '--weights',
    demoModel,
    ...train,
    ...sets,
  ]);
  expect(imported).toMatchObject({ code: 0 });
  up = await startUp(home, [...wasm, '--max-wait', '0']);
  bus = await SqliteBus.open({ file: join(home, 'bus.sqlite') });
});

afterAll(async () => {
  await bus[Symbol.asyncDispose]();
  await up.stop();
  folder[Symbol.dispose]();
});

async function open() {
  await using letters = connect(DeadLetterServiceClient, up.grpc);
  return (await letters.listDeadLetters(ListDeadLettersRequest.fromPartial({}))).deadLetters;
}

async function dlq(...args: string[]) {
  const told = await lethe(['dlq', ...args, '--home', home, '--json']);
  const values = told.stdout.split('\n').filter(Boolean);
  return { ...told, values: values.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test('poison is set aside, told loudly, seen, and dropped with a reason', async () => {
  const topic = topics.deletionRequested.name;
  await bus.publish([{ topic, key: 'demo', value: Buffer.from('this is no message') }]);
  await expect
    .poll(open)
    .toMatchObject([{ topic, stage: 'unlearner', errorClass: 'invalid', modelKey: 'demo' }]);
  const [{ id } = { id: '' }] = (await dlq('list')).values;

  await expect.poll(() => up.log()).toMatch(/"alert":"dead_letter"/);
  expect((await fetch(`http://${up.http}/readyz`)).status).toBe(200);
  const people = await lethe(['status', '--home', home]);
  expect(people.stdout).toMatch(/1 dead letters wait for a decision .*lethe dlq list/);
  const shown = await lethe(['dlq', 'show', String(id), '--body', '--home', home]);
  expect(shown.stdout).toMatch(/this is no message/);
  expect(await dlq('drop', String(id))).toMatchObject({ code: 2 });
  expect(await dlq('drop', String(id), '--reason', 'a test')).toMatchObject({
    code: 0,
    values: [{ deadLetter: { resolution: { reason: 'a test' } } }],
  });
  expect(await dlq('replay', String(id), '--reason', 'a test')).toMatchObject({ code: 4 });
  expect((await dlq('list')).values).toEqual([]);
  expect((await dlq('list', '--state', 'dropped')).values).toHaveLength(1);
});

test('what was applied already and is replayed changes nothing', async () => {
  const id = randomUUID();
  const submit = [
    'submit',
    '--home',
    home,
    '--model',
    'demo',
    '--subject',
    'subject-3',
    '--id',
    id,
  ];
  expect(await lethe([...submit, '--wait'])).toMatchObject({ code: 0, stderr: expect.anything() });
  const rounds = await lethe(['rounds', 'demo', '--home', home, '--json']);
  const sent = await readTopic(bus, topics.deletionRequested);
  const applied = sent.at(-1)!;
  const cause = { stage: 'test', reason: 'by mistake', errorClass: 'internal', attempt: 5 };
  await bus.publish([deadLetterRecord(applied, { ...cause, time: new Date() })]);
  await expect.poll(open).toMatchObject([{ requestId: id, emitter: 'cli' }]);
  const status = await lethe(['status', id, '--home', home]);
  expect(status.stdout).toMatch(/is set aside and waits for a decision: lethe dlq show/);
  const replayed = await dlq('replay', '--all', '--model', 'demo', '--reason', 'to be sure');
  expect(replayed).toMatchObject({ code: 0, values: [{ deadLetter: { requestId: id } }] });
  expect((await dlq('list')).values).toEqual([]);
  const unread = async () =>
    Number(
      (await bus.lag('unlearner', [topics.deletionRequested.name])).reduce(
        (sum, { lag }) => sum + lag,
        0n,
      ),
    );
  await expect.poll(unread).toBe(0);
  const after = await lethe(['rounds', 'demo', '--home', home, '--json']);
  expect(after.stdout.split('\n').filter((line) => line.includes(id)).length).toBe(
    rounds.stdout.split('\n').filter((line) => line.includes(id)).length,
  );
}, 300_000);

test('an event of the intake topic becomes a request with a receipt; a bad one waits and is replayed', async () => {
  const id = randomUUID();
  const event = (requestId: string, modelKey: string) => ({
    topic: topics.deletionIntake.name,
    key: modelKey,
    headers: { 'content-type': 'application/cloudevents+json' },
    value: Buffer.from(
      JSON.stringify({
        specversion: '1.0',
        type: 'lethe.deletion.request.v1',
        source: 'shop',
        id: requestId,
        data: { model_key: modelKey, scope: { subject: 'nobody' } },
      }),
    ),
  });
  await bus.publish([event(randomUUID(), 'later'), event(id, 'demo')]);
  await expect.poll(open).toMatchObject([
    {
      topic: topics.deletionIntake.name,
      emitter: 'shop',
      modelKey: 'later',
      errorClass: 'not_found',
    },
  ]);
  const [waiting] = await open();
  const answers = async () =>
    (await readTopic(bus, topics.deletionReceipt)).map(({ value }) => IntakeAnswer.decode(value));
  await expect.poll(answers).toHaveLength(2);
  const receipt = (await answers()).find(({ requestId }) => requestId === id);
  expect(receipt?.answer).toMatchObject({
    $case: 'receipt',
    value: {
      state: RequestState.REQUEST_STATE_NO_MATCH,
      signedReceipt: expect.stringContaining('payload'),
    },
  });
  // Its model is still not there: it comes back as a dead letter that knows what it was.
  expect(await dlq('replay', String(waiting?.id), '--reason', 'a test')).toMatchObject({ code: 0 });
  await expect.poll(open).toMatchObject([{ replayOf: waiting?.id, errorClass: 'not_found' }]);
});
