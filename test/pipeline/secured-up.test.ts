import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CertificateAuthority } from '@lethe/service-kit/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { lethe, startUp, temporaryFolder, type Up } from '../support/lethe-process.ts';

const folder = temporaryFolder();
let ca: CertificateAuthority;
let up: Up;

const tokenFile = (name: string) => join(folder.path, `${name}.token`);

beforeAll(async () => {
  ca = await CertificateAuthority.create();
  const server = await ca.issueServer();
  const identities = [];
  for (const [name, role] of [
    ['shop', 'emitter'],
    ['alice', 'operator'],
  ] as const) {
    const made = await lethe(['token', '--out', tokenFile(name), '--json']);
    const { token_sha256: digest } = JSON.parse(made.stdout) as { token_sha256: string };
    identities.push({ name, roles: [role], token_sha256: [digest] });
  }
  const identitiesFile = join(folder.path, 'identities.json');
  writeFileSync(identitiesFile, JSON.stringify({ identities }));
  up = await startUp(
    join(folder.path, 'home'),
    ['--host', '0.0.0.0', '--backend', 'wasm'],
    [
      'env',
      `LETHE_TLS_CERT_FILE=${server.certFile}`,
      `LETHE_TLS_KEY_FILE=${server.keyFile}`,
      `LETHE_IDENTITIES_FILE=${identitiesFile}`,
    ],
  );
});

afterAll(async () => {
  await up?.kill();
  await ca?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** A command as a user gives it from another place. */
async function command(args: readonly string[], ...flags: readonly string[]) {
  const address = `127.0.0.1:${up.grpc.split(':').at(-1)}`;
  return await lethe([...args, '--json', '--address', address, ...flags]);
}

describe('lethe up for other machines, with TLS and identities', () => {
  const trust = () => ['--tls-ca', ca.file];

  test('serves an operator who shows a token', async () => {
    const { code, stderr } = await command(
      ['models'],
      ...trust(),
      '--token-file',
      tokenFile('alice'),
    );
    expect(stderr).not.toContain('error');
    expect(code).toBe(0);
  });

  test('knows an emitter by its token: it need not state its name', async () => {
    const submit = ['submit', '--model', 'ghost', '--subject', 'user-1'];
    const sent = await command(submit, ...trust(), '--token-file', tokenFile('shop'));
    // Let in, and told that there is no such model.
    expect(sent).toMatchObject({ code: 3, stderr: expect.stringContaining('not registered') });
    const posing = [...submit, '--emitter', 'crm'];
    const refused = await command(posing, ...trust(), '--token-file', tokenFile('shop'));
    expect(refused).toMatchObject({ code: 8, stderr: expect.stringContaining('caller is shop') });
  });

  test('refuses who shows none, and who may not, with exit code 8', async () => {
    const nobody = await command(['models'], ...trust());
    expect(nobody).toMatchObject({ code: 8, stderr: expect.stringContaining('unauthenticated') });
    const shop = await command(['models'], ...trust(), '--token-file', tokenFile('shop'));
    expect(shop).toMatchObject({ code: 8, stderr: expect.stringContaining('role emitter') });
    await expect.poll(() => up.log()).toContain('call refused');
  });

  test('is not reached by who does not speak TLS, or trusts nobody who signed its certificate', async () => {
    expect(await command(['models'])).toMatchObject({ code: 5 });
    expect(await command(['models'], '--tls-ca', 'system')).toMatchObject({ code: 5 });
  });
});

describe('the ready-made steps for CI', () => {
  const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const read = (name: string) => parse(readFileSync(file(`deploy/ci/${name}`), 'utf8'));

  /** A step as a runner runs it, but for where `lethe` comes from. */
  function runStep(script: string, model: string) {
    const functions = `npm() { :; }; npx() { shift; "${process.execPath}" "${file('apps/cli/bin/lethe.js')}" "$@"; }`;
    const env = {
      ...process.env,
      LETHE_ADDRESS: `127.0.0.1:${up.grpc.split(':').at(-1)}`,
      LETHE_TOKEN: readFileSync(tokenFile('alice'), 'utf8').trim(),
      LETHE_CA: ca.certificate,
      RUNNER_TEMP: folder.path,
      LETHE_CA_FILE: ca.file,
      MODEL_DIR: model,
      ...(script.includes('RUNNER_TEMP') ? {} : { LETHE_TOKEN_FILE: tokenFile('alice') }),
    };
    const { status, stdout, stderr } = spawnSync('bash', ['-ec', `${functions}\n${script}`], {
      ...{ env, cwd: folder.path, encoding: 'utf8' },
    });
    return { status, told: `${stdout}${stderr}` };
  }

  test('ask the registry with their token, and fail for a model that does not serve', () => {
    const model = join(folder.path, 'my model');
    mkdirSync(model);
    writeFileSync(join(model, 'weights.bin'), 'weights');
    const weightsManifest = [{ paths: ['weights.bin'], weights: [] }];
    writeFileSync(
      join(model, 'model.json'),
      JSON.stringify({ modelTopology: {}, weightsManifest }),
    );
    const github: { run?: string }[] = read('github-actions.yaml').jobs['lethe-gate'].steps;
    const [ask = '', verify = ''] = github.flatMap(({ run }) => run ?? []);
    const gitlab: string[] = read('gitlab-ci.yaml')['lethe-gate'].script;
    for (const script of [ask, gitlab.join('\n')]) {
      expect(runStep(script, model)).toMatchObject({
        ...{ status: 6, told: expect.stringContaining('unknown_weights') },
      });
    }
    for (const script of [verify, gitlab.at(-1) ?? '']) {
      writeFileSync(join(folder.path, 'key-set.json'), '{"keys":[]}');
      expect(runStep(script, model)).toMatchObject({
        ...{ status: 2, told: expect.stringContaining(join(model, 'release.json')) },
      });
    }
  });
});

test('lethe up for other machines is refused without TLS and identities, by name', async () => {
  using home = temporaryFolder();
  const { code, stderr } = await lethe(['up', '--home', home.path, '--host', '0.0.0.0', '--json']);
  expect(code).toBe(2);
  expect(stderr).toContain('LETHE_TLS_CERT_FILE');
  expect(stderr).toContain('LETHE_LISTEN_ALLOW_INSECURE');
});

test('a token is for its owner only, and never written over', async () => {
  expect(statSync(tokenFile('shop')).mode & 0o077).toBe(0);
  const again = await lethe(['token', '--out', tokenFile('shop')]);
  expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('new file') });
});
