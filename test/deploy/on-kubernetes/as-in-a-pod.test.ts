// The programs as Kubernetes runs them: a root that cannot be written, a user that nobody knows, no
// home, names that cannot be resolved yet, SIGTERM at any moment.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CertificateAuthority } from '@lethe/service-kit/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = new URL('../../../', import.meta.url).pathname;
const anyUser = 54_321;
/** Makes the root of the file system read-only for what it runs, but for the state's own folder. */
const inPod = `
  mount --bind / / && mount --bind "$STATE" "$STATE" && mount -o remount,ro,bind / || exit 99
  cd / && exec setpriv --reuid=${anyUser} --regid=${anyUser} --clear-groups "$@"`;

const canUnshare = (() => {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

interface Program {
  readonly child: ChildProcess;
  log(): string;
  /** Where it tells operators how it is. */
  ops(): Promise<string>;
  readonly end: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
}

let state: string;
let ca: CertificateAuthority;
let tls: Record<string, string>;
beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), 'lethe-pod-'));
  chmodSync(state, 0o711);
  ca = await CertificateAuthority.create();
  const { certFile, keyFile } = await ca.issueServer();
  tls = { LETHE_TLS_CERT_FILE: certFile, LETHE_TLS_KEY_FILE: keyFile };
});
afterAll(async () => {
  await ca?.[Symbol.asyncDispose]();
  if (state) rmSync(state, { recursive: true, force: true });
});

const services = ['ingest', 'unlearner', 'evaluator', 'registry'] as const;
const mainOf = (service: string) => `${root}services/${service}/dist/main.js`;

/** Settings of a service that has its bus and its store in the folder. */
function settingsIn(folder: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    TMPDIR: join(folder, 'tmp'),
    LETHE_BUS: `sqlite:${join(folder, 'bus.sqlite')}`,
    LETHE_STORE: `folder:${join(folder, 'store')}`,
    LETHE_CACHE: join(folder, 'cache'),
    LETHE_INGEST_INDEX: join(folder, 'ingest.sqlite'),
    LETHE_REGISTRY_PROJECTION: join(folder, 'registry.sqlite'),
    LETHE_KEYS: join(folder, 'keys'),
    LETHE_OPS_ADDRESS: '127.0.0.1:0',
    LETHE_LOG_FORMAT: 'json',
  };
}

/** A folder as an empty volume is: its owner is whoever the pod runs as. */
function emptyVolume(name: string): string {
  const folder = join(state, name);
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  if (process.getuid?.() === 0) {
    for (const each of [folder, join(folder, 'tmp')]) chownSync(each, anyUser, anyUser);
  }
  return folder;
}

function run(command: readonly string[], env: Record<string, string>): Program {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  const keep = (chunk: Buffer) => {
    log += chunk;
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return {
    child,
    log: () => log,
    async ops() {
      const found = () => /"http":"(127\.0\.0\.1:\d+)","message":"serving operators"/.exec(log);
      await expect.poll(() => found() ?? log).not.toBeTypeOf('string');
      return `http://${found()![1]}`;
    },
    end: once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  };
}

const node = [process.execPath, '--disable-warning=ExperimentalWarning'];

describe.skipIf(!canUnshare)('on a root that cannot be written, as a user without a name', () => {
  const pod = (volume: string, command: readonly string[], env: Record<string, string>) =>
    run(['unshare', '--mount', 'sh', '-c', inPod, 'pod', ...node, ...command], {
      ...env,
      STATE: volume,
    });

  test.each(services)('%s becomes ready, and ends with 0 on SIGTERM', async (service) => {
    const volume = emptyVolume(service);
    const program = pod(volume, [mainOf(service)], settingsIn(volume));
    const ops = await program.ops();
    await expect.poll(async () => (await fetch(`${ops}/readyz`)).status).toBe(200);
    program.child.kill('SIGTERM');
    expect(await program.end, program.log()).toEqual([0, null]);
  });

  test('the release gate does too, also while the registry is away', async () => {
    const volume = emptyVolume('admission');
    chownSync(tls['LETHE_TLS_KEY_FILE']!, anyUser, anyUser);
    chownSync(ca.folder, anyUser, anyUser);
    const program = pod(volume, [`${root}apps/admission/dist/main.js`], {
      ...settingsIn(volume),
      ...tls,
      LETHE_ADDRESS: 'lethe-registry.invalid:7401',
      LETHE_TLS_CA: ca.file,
    });
    const ops = await program.ops();
    await expect.poll(async () => (await fetch(`${ops}/readyz`)).status).toBe(200);
    program.child.kill('SIGTERM');
    expect(await program.end, program.log()).toEqual([0, null]);
  });

  test('all of Lethe in one process does too', async () => {
    const volume = emptyVolume('up');
    const home = join(volume, 'home');
    const { PATH = '', TMPDIR = '' } = settingsIn(volume);
    const ports = ['grpc', 'http', 'console'].flatMap((port) => [`--${port}-port`, '0']);
    const program = pod(
      volume,
      [`${root}apps/cli/bin/lethe.js`, '--home', home, '--json', 'up', ...ports],
      { PATH, TMPDIR },
    );
    await expect.poll(() => program.log()).toMatch(/"grpc":"127/);
    program.child.kill('SIGTERM');
    expect(await program.end, program.log()).toEqual([0, null]);
  });
});

test.each([
  [
    'broker',
    'lethe-kafka-bootstrap.invalid',
    () => ({
      LETHE_BUS: 'kafka:lethe-kafka-bootstrap.invalid:9093',
      LETHE_KAFKA_ALLOW_INSECURE: 'true',
    }),
  ],
  [
    'store',
    'minio.invalid',
    (volume: string) => {
      const key = join(volume, 'key');
      writeFileSync(key, 'a-key');
      return {
        LETHE_STORE: 's3:https://minio.invalid:9000/lethe',
        LETHE_STORE_ACCESS_KEY_FILE: key,
        LETHE_STORE_SECRET_KEY_FILE: key,
      };
    },
  ],
] as const)(
  'a service waits for a %s whose name is not known yet, says so, and ends on SIGTERM',
  async (what, name, settings) => {
    const volume = emptyVolume(`late-${what}`);
    const program = run([...node, mainOf('registry')], {
      ...settingsIn(volume),
      ...settings(volume),
    });
    const ops = await program.ops();
    const reason = async () => await (await fetch(`${ops}/readyz`)).text();
    // What is wrong, not only whom it waits for.
    await expect.poll(reason).toMatch(/not-ready.*(ENOTFOUND|EAI_AGAIN|its name )/);
    expect(await reason()).toContain(name);
    expect((await fetch(`${ops}/livez`)).status).toBe(200);
    program.child.kill('SIGTERM');
    expect(await program.end, program.log()).toEqual([0, null]);
  },
);

test('SIGTERM ends a service that is still starting, whatever it is at; the next start is whole', async () => {
  const volume = emptyVolume('moments');
  for (const service of ['ingest', 'registry']) {
    // From before it can have begun anything to where it serves.
    for (const linesSeen of [0, 1, 2]) {
      const program = run([...node, mainOf(service)], settingsIn(volume));
      const linesOf = (log: string) => log.split('\n').length - 1;
      while (linesOf(program.log()) < linesSeen && program.child.exitCode === null) await sleep(5);
      program.child.kill('SIGTERM');
      const [code, signal] = await program.end;
      const isClean = code === 0 || (signal === 'SIGTERM' && program.log() === '');
      expect([service, linesSeen, isClean, program.log()]).toEqual([
        service,
        linesSeen,
        true,
        expect.any(String),
      ]);
    }
    const program = run([...node, mainOf(service)], settingsIn(volume));
    await expect.poll(() => program.log()).toContain('"grpc"');
    program.child.kill('SIGTERM');
    expect(await program.end, program.log()).toEqual([0, null]);
  }
});
