// An emitter's way through a running `lethe up`: one request over two models, a second one for the
// same, callbacks that are believed, evidence that is checked.
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeletionClient, readCallback } from '@lethe/client';
import { type DeletionStatus, EvidenceServiceClient, RequestState, sha256 } from '@lethe/contracts';
import { type KeySet, parseKeySet, verifyEvidence } from '@lethe/evidence';
import { connect } from '@lethe/service-kit';
import { expect, test } from 'vitest';
import {
  type CallbackReceiver,
  openCallbackReceiver,
} from '../../services/registry/src/testing/callback-receiver.ts';
import { lenientPolicy } from '../support/lenient-policy.ts';
import { lethe, startUp, temporaryFolder } from '../support/lethe-process.ts';

const demoModel = fileURLToPath(new URL('../../apps/cli/assets/demo-model', import.meta.url));
const importing = [
  '--weights',
  demoModel,
  '--backend',
  'wasm',
  '--train',
  'synthetic:?split=train',
];
const sets = ['--stop', 'synthetic:?split=test&rows=0-200', '--gate'];
const ladder = [{ method: 'lethe', settings: { forgetSteps: 1, repairSteps: 1, stepLimit: 2 } }];

function heardOf(receiver: CallbackReceiver, keys: KeySet) {
  return receiver.received.map(({ body }) =>
    readCallback(Buffer.from(body), { keys, emitter: 'shop', maxAgeMs: 600_000 }),
  );
}

async function lastOf(statuses: AsyncIterable<DeletionStatus>): Promise<DeletionStatus> {
  let last: DeletionStatus | undefined;
  for await (const status of statuses) last = status;
  return last!;
}

test('a request over two models ends, is told, and can be proven; a second one follows it', async () => {
  using folder = temporaryFolder();
  await using receiver = await openCallbackReceiver();
  const home = join(folder.path, 'home');
  const write = (name: string, text: string) => {
    const file = join(folder.path, name);
    writeFileSync(file, text);
    return file;
  };
  const callbacks = [{ emitter: 'shop', url: receiver.url, networks: ['127.0.0.0/8'] }];
  const callbacksFile = write('callbacks.json', JSON.stringify({ callbacks }));
  for (const model of ['left', 'right']) {
    const args = ['import', model, '--home', home, ...importing, ...sets];
    await lethe([...args, 'synthetic:?split=test&rows=200-600', '--subjects-per', '5']);
  }
  const up = await startUp(
    home,
    [
      ...['--ladder', write('ladder.json', JSON.stringify(ladder))],
      ...['--policy', write('policy.yaml', lenientPolicy)],
      ...['--max-wait', '50', '--backend', 'wasm'],
    ],
    ['env', `LETHE_CALLBACKS_FILE=${callbacksFile}`],
  );
  try {
    await using client = new DeletionClient({ ingest: up.grpc, registry: up.grpc });
    await using evidence = connect(EvidenceServiceClient, up.grpc);
    const keys = parseKeySet((await evidence.getKeySet({})).keySet);
    const scope = { kind: { $case: 'subject', value: 'subject-3' } } as const;
    const whole = { requestId: randomUUID(), emitter: 'shop' };
    const receipt = await client.submit({ ...whole, modelKeys: ['left', 'right'], scope });
    expect(receipt.models.map(({ modelKey }) => modelKey)).toEqual(['left', 'right']);
    expect(verifyEvidence(Buffer.from(receipt.signedReceipt), keys, new Date()).kind).toBe('valid');

    expect(await lastOf(client.follow(whole))).toMatchObject({
      state: RequestState.REQUEST_STATE_COMPLETED,
      detail: 'of 2 models: 2 completed',
    });
    const { envelope, parts } = await evidence.getCertificate(whole);
    expect(verifyEvidence(Buffer.from(envelope), keys, new Date())).toMatchObject({
      kind: 'valid',
      statement: {
        predicate: { models: parts.map((part) => ({ certificate_digest: sha256(part) })) },
      },
    });
    expect(parts).toHaveLength(2);

    const again = { requestId: randomUUID(), emitter: 'shop' };
    await client.submit({ ...again, modelKey: 'left', scope });
    expect(await lastOf(client.follow(again))).toMatchObject({
      state: RequestState.REQUEST_STATE_DUPLICATE,
      followsRequestId: receipt.models[0]?.requestId,
    });
    expect(await evidence.getCertificate(again)).toMatchObject({ envelope: parts[0] });

    // Of the request over two models its emitter hears once, not of its parts.
    await expect
      .poll(() => heardOf(receiver, keys).map(({ request_id, state }) => [request_id, state]))
      .toEqual([
        [whole.requestId, 'completed'],
        [again.requestId, 'duplicate'],
      ]);
    const replayed = await lethe([
      'callbacks',
      'replay',
      '--request',
      whole.requestId,
      '--home',
      home,
      '--json',
    ]);
    expect([replayed.code, replayed.stderr]).toEqual([0, '']);
    await expect.poll(() => receiver.received.length).toBe(3);
    const [first, , third] = heardOf(receiver, keys);
    expect(third?.delivery_id).toBe(first?.delivery_id);
    const report = await lethe([
      'report',
      '--year',
      String(new Date().getUTCFullYear()),
      '--home',
      home,
      '--json',
    ]);
    expect(JSON.parse(report.stdout)).toMatchObject({ received: '2', compliedWith: '2' });
  } finally {
    await up.kill();
  }
}, 240_000);
