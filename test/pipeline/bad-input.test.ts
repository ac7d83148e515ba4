// Bad input as a user sends it, on one running `lethe up`: a clear word, nothing lost, still up.
import { type ChildProcess, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  DeletionRequest,
  IngestServiceClient,
  type LetheError,
  RequestState,
  sha256,
} from '@lethe/contracts';
import { connect } from '@lethe/service-kit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { lethe, startLethe, startUp, temporaryFolder, type Up } from '../support/lethe-process.ts';

const demoModel = fileURLToPath(new URL('../../apps/cli/assets/demo-model', import.meta.url));
const folder = temporaryFolder();
const home = join(folder.path, 'home');
const usedId = randomUUID();
const kept = { requestId: randomUUID(), emitter: 'shop', modelKey: 'demo' };
const wasm = ['--backend', 'wasm'];
let up: Up;
let keptReceipt: unknown;

beforeAll(async () => {
  const imported = await lethe([...importing('demo', home), '--subjects-per', '5']);
  expect(imported.stderr).not.toContain('error');
  up = await startUp(home, [...wasm, '--max-wait', '0']);
  keptReceipt = (await post(subject(kept, 'subject-1'))).body;
  expect((await post(subject({ ...kept, requestId: usedId }, 'nobody'))).status).toBe(202);
});

afterEach(async () => {
  if (up.process.exitCode !== null) return;
  const ready = await fetch(`http://${up.http}/readyz`);
  expect(await ready.json()).toEqual({ kind: 'ready' });
  expect((await post(subject(kept, 'subject-1'))).body).toEqual(keptReceipt);
  expect(up.log()).not.toMatch(/\n\s+at /);
});

afterAll(async () => {
  if (up.process.exitCode === null) await up.stop();
  folder[Symbol.dispose]();
});

function importing(modelKey: string, into: string): string[] {
  const train = ['--train', 'synthetic:?split=train'];
  const gate = ['--gate', 'synthetic:?split=test&rows=0-200'];
  const stop = ['--stop', 'synthetic:?split=test&rows=200-400'];
  const weights = ['--weights', demoModel];
  return ['import', modelKey, '--home', into, ...wasm, ...weights, ...train, ...stop, ...gate];
}

type Fields = Record<string, unknown>;

function subject(fields: Fields, handle: string): Fields {
  return { ...fields, scope: { subject: handle } };
}

async function post(body: unknown): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://${up.http}/v1/deletions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: body instanceof Uint8Array ? body : JSON.stringify(body),
  });
  return { status: response.status, body: await response.text() };
}

const fresh = (): Fields => ({ ...kept, requestId: randomUUID() });
const million = Array.from({ length: 1_000_000 }, () => '1');

const requests: readonly [string, () => Fields, number, LetheError['code'] | 'no_match', RegExp][] =
  [
    [
      'an unknown model',
      () => ({ ...subject(fresh(), 'a'), modelKey: 'nope' }),
      404,
      'not_found',
      /model_key = "nope": is not registered\. See lethe models/,
    ],
    [
      'an unknown sample beside a known one',
      () => ({ ...fresh(), scope: { samples: { ids: ['train/0', 'train/99999'] } } }),
      400,
      'invalid',
      /scope\.samples\.ids = "train\/99999": is neither in the training manifest nor in an evaluation set\. Leave it out/,
    ],
    [
      'a sample never trained on',
      () => ({ ...fresh(), scope: { samples: { sha256: [sha256('other')] } } }),
      202,
      'no_match',
      /NO_MATCH/,
    ],
    [
      'an empty scope',
      () => ({ ...fresh(), scope: {} }),
      400,
      'invalid',
      /scope = "": is empty\. N/,
    ],
    [
      'a million ids',
      () => ({ ...fresh(), scope: { samples: { ids: million } } }),
      400,
      'invalid',
      /"1000000 samples": lists more than 100000 samples\. Send several requests/,
    ],
    [
      'a used id with another body',
      () => subject({ ...kept, requestId: usedId }, 'somebody'),
      409,
      'conflict',
      /request_id = ".*": was used by emitter shop for another request\. Make a new id/,
    ],
    [
      'a time in the future',
      () => ({ ...subject(fresh(), 'a'), submittedTime: '2999-01-01T00:00:00Z' }),
      400,
      'invalid',
      /submitted_time = "2999-.*": is in the future.* Check the clock/,
    ],
    [
      'a class the model does not have',
      () => ({ ...fresh(), scope: { classLabel: 8 } }),
      400,
      'invalid',
      /scope\.class_label = "8": must be a label from 0 to 7/,
    ],
  ];

describe('a request with', () => {
  test.each(requests)('%s is answered clearly over HTTP', async (_, request, status, __, words) => {
    const answer = await post(request());
    const { detail = answer.body } = JSON.parse(answer.body) as { detail?: string };
    expect(detail).toMatch(words);
    expect(answer.status).toBe(status);
  });

  test.each(requests)('%s is answered clearly over gRPC', async (_, request, __, code, words) => {
    await using ingest = connect(IngestServiceClient, up.grpc);
    const answer = await ingest.submitDeletion(DeletionRequest.fromJSON(request())).then(
      (receipt) => ({
        code: receipt.state === RequestState.REQUEST_STATE_NO_MATCH ? 'no_match' : 'accepted',
        message: 'NO_MATCH',
      }),
      (error: LetheError) => error,
    );
    expect(answer.message).toMatch(words);
    expect(answer.code).toBe(code);
  });

  test('each of these is refused alone in a file, the others go on', async () => {
    const good = subject(fresh(), 'nobody');
    const lines = ['not json', ...requests.map(([, request]) => JSON.stringify(request())), ''];
    const file = join(folder.path, 'requests.jsonl');
    writeFileSync(file, `${lines.join('\n')}${JSON.stringify(good)}\n`);
    const told = await lethe(['submit', '--home', home, '--file', file, '--json']);
    const refused = told.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Fields);
    expect(refused.map(({ error }) => (error as Fields)['code'])).toEqual([
      'invalid',
      ...requests.map(([, , , code]) => code).filter((code) => code !== 'no_match'),
    ]);
    const receipts = told.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Fields);
    expect(receipts.map(({ requestId }) => requestId)).toContain(good['requestId']);
    expect(told.code).toBe(2);
  });
});

describe('a body', () => {
  test('that is no UTF-8 is refused', async () => {
    const text = JSON.stringify(subject(fresh(), 'abc'));
    const bytes = Buffer.from(text.replace('abc', '\u00ff'), 'latin1');
    expect(await post(bytes)).toMatchObject({
      status: 400,
      body: expect.stringContaining('is not valid UTF-8. Encode the body as UTF-8.'),
    });
  });

  test('of 100 MB is refused by its length', async () => {
    const told = await post(new Uint8Array(100e6)).catch((error: Error) => error);
    // The server may close while the rest is still on its way.
    if (told instanceof Error) expect(String(told.cause)).toMatch(/EPIPE|ECONNRESET|closed/);
    else expect(told).toMatchObject({ status: 413, body: expect.stringContaining('8388608') });
  });
});

const commands: readonly [string, readonly string[], number, RegExp][] = [
  ['an unknown request', ['status', randomUUID()], 3, /there is no request .*try again/],
  ['requests of an unknown model', ['status', '--model', 'nope'], 3, /there is no model nope/],
  [
    'a round that is not there',
    ['verdict', 'demo', '99'],
    3,
    /round 99 of demo has no verdict; see/,
  ],
  ['rounds of no model', ['rounds', 'nope'], 3, /there is no model nope; see .*lethe models/],
  ['no such model', ['models', 'nope'], 3, /there is no model nope; see .*lethe models/],
  [
    'an id used by another',
    ['submit', '--model', 'demo', '--subject', 'x', '--emitter', 'shop', '--id', usedId],
    4,
    /another request/,
  ],
  [
    'an empty file',
    ['submit', '--file', '/dev/null'],
    2,
    /--file = "\/dev\/null": holds no request/,
  ],
  ['a second up', ['up'], 6, /home .* is in use by another lethe \(process \d+/],
];

describe('the command line says', () => {
  test.each(commands)('%s', async (_, args, code, words) => {
    const [command = '', ...rest] = args;
    const told = await lethe([command, '--home', home, ...rest, '--json']);
    expect(JSON.parse(told.stderr)).toMatchObject({
      error: { message: expect.stringMatching(words) },
    });
    expect(told).toMatchObject({ code, stdout: '' });
  });

  test('which port is taken', async () => {
    const port = up.grpc.split(':').at(-1) ?? '';
    const other = join(folder.path, 'other');
    const told = await lethe([
      'up',
      '--home',
      other,
      '--grpc-port',
      port,
      '--http-port',
      '0',
      '--console-port',
      '0',
    ]);
    expect(told.stderr).toMatch(/gRPC address .* cannot be taken.*Choose another, or port 0/);
    expect(told.stderr).not.toMatch(/\n\s+at /);
    expect(told.code).toBe(6);
  });
});

describe('an interrupted', () => {
  test('import leaves no model and no scratch file', async () => {
    const target = join(folder.path, 'interrupted');
    const scratch = join(folder.path, 'scratch');
    mkdirSync(scratch);
    const args = importing('big', target).map((arg) =>
      // So many that it is still at it, however late this process looks.
      arg.replace('split=train', 'split=train&train=200000'),
    );
    const child = startLethe(args, { TMPDIR: scratch });
    await expect.poll(() => readdirSync(scratch)).not.toEqual([]);
    expect(await stopped(child, 'SIGTERM')).toBe(143);
    expect(readdirSync(scratch)).toEqual([]);
    const models = join(target, 'store', 'objects', 'models');
    expect(existsSync(models) ? readdirSync(models) : []).toEqual([]);
  });

  test.skipIf(process.platform !== 'linux')('demo leaves no process behind', async () => {
    const report = join(folder.path, 'report.html');
    const child = startLethe([
      'demo',
      ...wasm,
      '--home',
      join(folder.path, 'demo'),
      '--report',
      report,
    ]);
    await expect.poll(() => childrenOf(child)).not.toEqual([]);
    const children = childrenOf(child);
    expect(await stopped(child, 'SIGINT')).toBe(130);
    await expect.poll(() => children.filter(isAlive)).toEqual([]);
  });
});

const namespaces = canMount();

describe.skipIf(!namespaces)('on a disk of its own (needs Linux namespaces)', () => {
  const disk = join(folder.path, 'disk');
  const own = [
    'unshare',
    '-rm',
    'sh',
    '-c',
    `mkdir ${disk} && mount -t tmpfs -o size=4m lethe ${disk} && exec "$@"`,
    'sh',
  ];

  test('a full data folder refuses requests and takes them again when there is room', async () => {
    const small = await startUp(join(disk, 'home'), wasm, own);
    try {
      const seen = `/proc/${small.process.pid}/root${disk}`;
      await using ingest = connect(IngestServiceClient, small.grpc);
      const imported = await lethe([...importing('demo', join(seen, 'home'))]);
      expect(imported.stderr).not.toContain('error');
      const request = DeletionRequest.fromPartial({
        ...kept,
        scope: { kind: { $case: 'subject', value: 'nobody' } },
      });
      fill(join(seen, 'ballast'));
      const refusal = await ingest.submitDeletion(request).catch((error: LetheError) => error);
      expect(refusal).toMatchObject({
        code: 'capacity',
        message: expect.stringMatching(/full\. Free some space; nothing was half-written/),
      });
      rmSync(join(seen, 'ballast'));
      expect(await ingest.submitDeletion(request)).toMatchObject({ requestId: kept.requestId });
      expect(small.log()).not.toMatch(/\n\s+at /);
    } finally {
      expect(await small.stop()).toBe(0);
      rmSync(disk, { recursive: true, force: true });
    }
  });
});

test('SIGTERM ends it with 0, and no compute process stays', async () => {
  const children = process.platform === 'linux' ? childrenOf(up.process) : [];
  expect(await up.stop()).toBe(0);
  await expect.poll(() => children.filter(isAlive)).toEqual([]);
});

async function stopped(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exited = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  return (await exited)[0];
}

function childrenOf({ pid }: ChildProcess): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function fill(file: string): void {
  for (const chunk of [64 * 1024, 256]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(chunk), { flag: 'a' });
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown;
    }
  }
}

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'lethe', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
