import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { allTopics, IntakeAnswer, RequestState, topics } from '@lethe/contracts';
import { openKafkaBus, readConfig } from '@lethe/service-kit';
import { busSettings } from '@lethe/service-kit/config';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kafkaJars } from '../../scripts/servers/recipe.ts';
import { lethe, startUp, temporaryFolder, type Up } from '../support/lethe-process.ts';
import { openTestKafka } from '../support/servers/available-servers.ts';
import { tapTopic } from '../support/tiny-world.ts';
import { pythonWithPackages } from './python-packages.ts';

const path = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const example = (name: string) => path(`examples/emitters/${name}`);
const folder = temporaryFolder();
const home = join(folder.path, 'home');
const python = pythonWithPackages();
const node = [process.execPath, '--disable-warning=ExperimentalWarning'];

/** Runs an example to its end; what it printed. */
async function run(command: readonly string[], args: readonly string[]): Promise<string> {
  const [program = '', ...rest] = [...command, ...args];
  const env = { ...process.env, PYTHONPATH: path('proto') };
  const { stdout } = await promisify(execFile)(program, rest, { env });
  return stdout.trim();
}

beforeAll(async () => {
  const imported = await lethe([
    ...['import', 'my-model', '--home', home, '--weights', path('apps/cli/assets/demo-model')],
    ...['--train', 'synthetic:?split=train', '--gate', 'synthetic:?split=test&rows=500-2000'],
    ...['--stop', 'synthetic:?split=test&rows=0-500', '--subjects-per', '4'],
  ]);
  expect(imported.code).toBe(0);
});

afterAll(() => folder[Symbol.dispose]());

describe('over HTTP and gRPC', () => {
  let up: Up;
  beforeAll(async () => {
    // Receipts are what is looked at: no round begins.
    up = await startUp(home, ['--max-wait', '86400000', '--max-batch', '4096']);
  });
  afterAll(() => up?.stop());

  test.each([
    ['curl', ['sh', example('http.sh')]],
    ['TypeScript', [...node, example('http.ts')]],
    ['Python', ['python3', example('http_emitter.py')]],
    ['Java', ['java', example('Http.java')]],
  ])('%s gets a signed receipt', async (_, command) => {
    const receipt = JSON.parse(await run(command, [`http://${up.http}`, 'my-model', 'subject-7']));
    expect(receipt).toMatchObject({ state: 'REQUEST_STATE_ACCEPTED', sampleCount: 4 });
    expect(receipt.signedReceipt).toContain('payloadType');
  });

  test('what is wrong is said with field and remedy, and not tried again', async () => {
    const failed = await run(['sh', example('http.sh')], [`http://${up.http}`, 'a b', 'x']).catch(
      (error: { stdout: string }) => error.stdout,
    );
    expect(failed).toContain('model_key');
  });

  test.each([
    ['TypeScript', [...node, example('grpc.ts')]],
    ['Python', [python, example('grpc_emitter.py')]],
  ])('%s gets a receipt over gRPC', async (_, command) => {
    const told = await run(command, [up.grpc, 'my-model', 'subject-9']);
    expect(told).toContain('REQUEST_STATE_ACCEPTED');
  });
});

describe('through a topic', () => {
  test('events of TypeScript, Python and Java are answered with receipts', async () => {
    await using kafka = await openTestKafka();
    const brokers = kafka.bootstrap.join(',');
    const config = readConfig(busSettings, { env: { LETHE_BUS: `kafka:${brokers}` }, argv: [] });
    await using bus = await openKafkaBus(config);
    await bus.ensureTopics(allTopics);
    const ingest = spawn(process.execPath, [path('services/ingest/dist/main.js')], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        LETHE_BUS: `kafka:${brokers}`,
        LETHE_STORE: `folder:${join(home, 'store')}`,
        LETHE_KEYS: join(home, 'keys'),
        LETHE_INGEST_INDEX: join(folder.path, 'ingest.sqlite'),
        LETHE_CACHE: join(folder.path, 'cache'),
        LETHE_LOG_LEVEL: 'error',
      },
    });
    try {
      await using answers = await tapTopic(bus, topics.deletionReceipt);
      const args = [brokers, 'my-model', 'subject-11'];
      const ids = [
        await run([...node, example('kafka.ts')], args),
        await run([python, example('kafka_emitter.py')], args),
        await run(['java', '-cp', join(kafkaJars(), '*'), example('KafkaEmitter.java')], args),
      ];
      const accepted = () =>
        answers.records
          .map(({ value }) => IntakeAnswer.decode(value).answer)
          .flatMap((answer) => (answer?.$case === 'receipt' ? [answer.value] : []))
          .filter(({ state }) => state === RequestState.REQUEST_STATE_ACCEPTED)
          .map(({ requestId }) => requestId);
      await expect.poll(() => accepted().sort()).toEqual(ids.sort());
    } finally {
      ingest.kill('SIGTERM');
      await once(ingest, 'exit');
    }
  });
});
