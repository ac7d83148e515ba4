// The container images, really built from their Dockerfile by buildah, and run as Kubernetes runs
// them: as an unknown user, on a root that cannot be written. `LETHE_IMAGE_BACKEND`: cpu (the
// default), gpu or wasm. `LETHE_IMAGE`: one that is in the store already, instead of building it.

import { existsSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ResourceStack } from '@lethe/service-kit';
import { CertificateAuthority } from '@lethe/service-kit/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readManifests } from '../support/deploy/manifest-files.ts';
import { baseImages } from '../support/images/base-images.ts';
import { buildImage } from '../support/images/engine.ts';
import { MountedImage, type ProgramInside } from '../support/images/mounted-image.ts';

const checkout = new URL('../../', import.meta.url).pathname;
const backend = process.env['LETHE_IMAGE_BACKEND'] ?? 'cpu';
const users = [65_532, 54_321];
const stack = new ResourceStack();
let image: MountedImage;
let ca: CertificateAuthority;

beforeAll(async () => {
  image = stack.use(await MountedImage.open(process.env['LETHE_IMAGE'] ?? (await built())));
  ca = stack.use(await CertificateAuthority.create());
});
afterAll(() => stack[Symbol.asyncDispose]());

async function built(): Promise<string> {
  const { devDependencies } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'));
  const bases = await baseImages(devDependencies.node);
  const tag = `localhost/lethe-${backend}:test`;
  await buildImage('deploy/docker/Dockerfile', tag, checkout, {
    BUILD_IMAGE: bases.build,
    RUN_IMAGE: bases.run,
    BACKEND: backend,
  });
  return tag;
}

/** An empty volume, which whoever runs may write. */
async function volume(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-volume-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o777);
  return folder;
}

async function outcomeOf(program: ProgramInside): Promise<{ code: number | null; log: string }> {
  const code = await program.end;
  return { code, log: program.log() };
}

/** Paths of all files below the programs' folder, from there. */
async function filesInside(): Promise<string[]> {
  const entries = await readdir(join(image.root, 'lethe'), {
    recursive: true,
    withFileTypes: true,
  });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(image.root, 'lethe/').length));
}

describe('what the image holds', () => {
  test('a bill of materials that names every package in it, and none that is not', async () => {
    const bill = JSON.parse(await readFile(join(image.root, 'lethe/sbom.cdx.json'), 'utf8'));
    const named = new Set<string>(bill.components.map(({ purl }: { purl: string }) => purl));
    const found = new Set<string>();
    const packages = /^node_modules\/(?:.*\/node_modules\/)?((?:@[^/]+\/)?[^/]+)\/package\.json$/;
    for (const file of await filesInside()) {
      if (!packages.test(file)) continue;
      const { name, version } = JSON.parse(await readFile(join(image.root, 'lethe', file), 'utf8'));
      if (version !== undefined) found.add(`pkg:npm/${name.replace('@', '%40')}@${version}`);
    }
    const foreign = [...named].filter((purl) => !/%40lethe\/|tfjs-node-gpu|^pkg:pypi/.test(purl));
    expect([...found].sort()).toEqual(foreign.sort());
    expect([...named].some((purl) => purl.startsWith('pkg:pypi/'))).toBe(backend !== 'wasm');
  });

  test('no test, no tool of development, no source, no key', async () => {
    const files = await filesInside();
    expect(files.length).toBeGreaterThan(1_000);
    // Dependencies publish some tests of theirs.
    const unwanted =
      /^(?!node_modules\/|.*\/node_modules\/).*\.test\.[jt]s$|^(packages|services|apps)\/[^/]+\/(src|test)\/|\.map$|\.(pem|key|p12|env)$|\.npmrc$/;
    expect(files.filter((file) => unwanted.test(file))).toEqual([]);
    for (const tool of ['vitest', 'typescript', '@biomejs/biome', 'playwright-core', 'node']) {
      expect([tool, existsSync(join(image.root, 'lethe/node_modules', tool))]).toEqual([
        tool,
        false,
      ]);
    }
    expect(await readdir(join(image.root, 'root'))).not.toContain('.npm');
  });

  test('its licence, and a user without rights', async () => {
    expect(existsSync(join(image.root, 'lethe/LICENSE'))).toBe(true);
    expect(existsSync(join(image.root, 'lethe/NOTICE'))).toBe(true);
    expect(image.config.User).toBe('65532:65532');
  });

  test('every program that a manifest names', async () => {
    const folders = ['base', 'overlays/dev', 'overlays/prod', 'components/release-gate'];
    const commands = (await Promise.all(folders.map(readManifests)))
      .flat()
      .flatMap(({ body }) => containersIn(body))
      .flatMap(({ command }) => (command?.[0] === 'node' ? [command[1]!] : []));
    expect(new Set(commands).size).toBeGreaterThanOrEqual(6);
    for (const file of commands) {
      expect([file, existsSync(join(image.root, 'lethe', file))]).toEqual([file, true]);
    }
  });
});

interface Container {
  readonly command?: readonly string[];
}

// biome-ignore lint/suspicious/noExplicitAny: manifests have as many shapes as there are kinds
function containersIn(body: any): readonly Container[] {
  const spec = body?.spec?.jobTemplate?.spec ?? body?.spec;
  return spec?.template?.spec?.containers ?? [];
}

describe.each(users)('as user %i, on a root that cannot be written', (uid) => {
  test('what the image does by itself is to show its help', async () => {
    const { code, log } = await outcomeOf(
      image.run(image.config.Cmd, { uid, state: await volume() }),
    );
    expect([code, log]).toEqual([0, expect.stringContaining('Usage: lethe')]);
  });

  test('nothing can be written but the volume and /tmp', async () => {
    const script = 'touch /tmp/a /var/lethe/a && ! touch /lethe/a && ! touch /etc/a && id -u';
    const { code, log } = await outcomeOf(
      image.run(['sh', '-c', script], { uid, state: await volume() }),
    );
    expect([code, log]).toEqual([0, expect.stringMatching(new RegExp(`^${uid}$`, 'm'))]);
    expect(log.match(/Read-only file system/g)).toHaveLength(2);
  });

  test('lethe doctor finds nothing that must be mended, and the backend of the image', async () => {
    const { code, log } = await outcomeOf(
      image.run(['lethe', 'doctor'], { uid, state: await volume() }),
    );
    const expected = backend === 'wasm' ? /ok +backend +wasm/ : /ok +backend +native-/;
    expect([code, log]).toEqual([0, expect.stringMatching(expected)]);
    // No script of a checkout is in an image.
    expect(log).not.toContain('npm run');
  });

  test.each(['ingest', 'unlearner', 'evaluator', 'registry'])(
    '%s becomes ready, and ends with 0 on SIGTERM',
    async (service) => {
      const manifests = await readManifests(`base/${service}`);
      const [{ command = [] } = {}] = manifests.flatMap(({ body }) => containersIn(body));
      await becomesReady(command, { uid, state: await volume() });
    },
  );

  test('the release gate does too', async () => {
    const state = await volume();
    const { certFile, keyFile } = await ca.issueServer();
    await mkdir(join(state, 'tls'));
    for (const [from, to] of [
      [certFile, 'tls.crt'],
      [keyFile, 'tls.key'],
      [ca.file, 'ca.crt'],
    ] as const) {
      await copyFile(from, join(state, 'tls', to));
      await chown(join(state, 'tls', to), uid, uid);
    }
    const manifests = await readManifests('components/release-gate');
    const [{ command = [] } = {}] = manifests.flatMap(({ body }) => containersIn(body));
    await becomesReady(command, {
      uid,
      state,
      env: {
        LETHE_ADMISSION_ADDRESS: '127.0.0.1:0',
        LETHE_ADDRESS: 'lethe-registry.invalid:7401',
        LETHE_TLS_CA: '/var/lethe/tls/ca.crt',
        LETHE_TLS_CERT_FILE: '/var/lethe/tls/tls.crt',
        LETHE_TLS_KEY_FILE: '/var/lethe/tls/tls.key',
      },
    });
  });
});

test('whole rounds run in it: requests, a refused candidate, a promoted one, all completed', async () => {
  const command = ['lethe', 'demo', '--requests', '12'];
  const { code, log } = await outcomeOf(
    image.run([...command, '--report', '/tmp/report.html'], {
      uid: users[1]!,
      state: await volume(),
    }),
  );
  expect([code, log]).toEqual([0, expect.stringMatching(/rejected(.|\n)*promoted/)]);
  expect(log).toContain(backend === 'wasm' ? 'wasm' : 'native-');
}, 1_800_000);

async function becomesReady(
  command: readonly string[],
  options: { uid: number; state: string; env?: Readonly<Record<string, string>> },
): Promise<void> {
  expect(command[0]).toBe('node');
  const program = image.run(command, {
    ...options,
    env: {
      LETHE_BUS: 'sqlite:/var/lethe/bus.sqlite',
      LETHE_STORE: 'folder:/var/lethe/store',
      LETHE_CACHE: '/var/lethe/cache',
      LETHE_INGEST_INDEX: '/var/lethe/ingest.sqlite',
      LETHE_REGISTRY_PROJECTION: '/var/lethe/registry.sqlite',
      LETHE_KEYS: '/var/lethe/keys',
      LETHE_GRPC_ADDRESS: '127.0.0.1:0',
      LETHE_OPS_ADDRESS: '127.0.0.1:0',
      LETHE_LOG_FORMAT: 'json',
      ...options.env,
    },
  });
  const found = () =>
    /"http":"(127\.0\.0\.1:\d+)","message":"serving operators"/.exec(program.log());
  await expect.poll(() => found() ?? program.log()).not.toBeTypeOf('string');
  const [, ops] = found()!;
  await expect.poll(async () => (await fetch(`http://${ops}/readyz`)).status).toBe(200);
  await program.stop();
  expect([await program.end, program.log()]).toEqual([0, expect.any(String)]);
}
