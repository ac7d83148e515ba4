import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, RETENTION_MODES, RETENTION_VALIDITY_UNITS } from 'minio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isInstalled } from '../../scripts/servers/recipe.ts';
import { lethe, temporaryFolder } from '../support/lethe-process.ts';
import { MinioServer } from '../support/servers/minio-server.ts';

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

interface Finding {
  readonly check: string;
  readonly held: boolean;
  readonly detail: string;
}

function findings(stdout: string): Finding[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Finding);
}

describe.skipIf(!isInstalled('minio'))('on a MinIO', () => {
  let minio: MinioServer;
  beforeAll(async () => {
    minio = await MinioServer.start();
    writeFileSync(join(folder.path, 'access'), minio.accessKey);
    writeFileSync(join(folder.path, 'secret'), minio.secretKey);
  });
  afterAll(() => minio?.[Symbol.asyncDispose]());

  const on = (bucket: string, secret = 'secret') => [
    ...['--store', `s3:${minio.url}/${bucket}`, '--json'],
    ...['--store-access-key-file', join(folder.path, 'access')],
    ...['--store-secret-key-file', join(folder.path, secret)],
  ];

  test('lethe bucket apply makes the bucket, and again does nothing; lethe probe passes', async () => {
    const made = await lethe(['bucket', 'apply', ...on('lethe')]);
    expect(made.code).toBe(0);
    expect(JSON.parse(made.stdout)).toMatchObject({ created: true, versioning: 'off', drift: [] });
    const again = await lethe(['bucket', 'apply', ...on('lethe')]);
    expect(JSON.parse(again.stdout)).toMatchObject({ created: false, drift: [] });
    const probe = await lethe(['probe', ...on('lethe')]);
    expect(probe.code).toBe(0);
    expect(findings(probe.stdout).length).toBeGreaterThanOrEqual(8);
    expect(findings(probe.stdout).every(({ held }) => held)).toBe(true);
  });

  test('lethe backup and restore copy one bucket into another, and drill', async () => {
    const { host, port, accessKey, secretKey } = minio;
    const client = new Client({ endPoint: host, port, useSSL: false, accessKey, secretKey });
    expect(await lethe(['bucket', 'apply', ...on('original')])).toMatchObject({ code: 0 });
    expect(await lethe(['bucket', 'apply', ...on('restored')])).toMatchObject({ code: 0 });
    const doctor = await lethe(['doctor', '--only', 'store', 'clocks', 'data', ...on('original')]);
    expect(doctor.code).toBe(0);
    expect(doctor.stdout).toContain('the clock of the object store agrees');
    await client.putObject('original', 'models/m/note.json', '{}');
    await client.putObject('original', 'audit/x', Buffer.alloc(6 * 1024 * 1024, 7));
    const backup = join(folder.path, 'backup');
    expect(await lethe(['backup', backup, ...on('original')])).toMatchObject({ code: 0 });
    expect(await lethe(['restore', backup, '--drill', '--json'])).toMatchObject({ code: 0 });
    expect(await lethe(['restore', backup, ...on('restored')])).toMatchObject({ code: 0 });
    expect((await client.statObject('restored', 'audit/x')).size).toBe(6 * 1024 * 1024);
    await client.putObject('restored', 'audit/x', 'something else');
    expect(await lethe(['restore', backup, ...on('restored')])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('another audit/x'),
    });
  });

  test('a bucket with an object lock differs, and fails the probe with the reason', async () => {
    const { host, port, accessKey, secretKey } = minio;
    const client = new Client({ endPoint: host, port, useSSL: false, accessKey, secretKey });
    await client.makeBucket('locked', '', { ObjectLocking: true });
    await client.setObjectLockConfig('locked', {
      mode: RETENTION_MODES.COMPLIANCE,
      unit: RETENTION_VALIDITY_UNITS.DAYS,
      validity: 1,
    });
    expect(await lethe(['bucket', 'apply', ...on('locked')])).toMatchObject({
      code: 6,
      stdout: expect.stringContaining('object lock keeps new objects'),
    });
    const probe = await lethe(['probe', ...on('locked')]);
    expect(probe.code).toBe(6);
    const failed = findings(probe.stdout).filter(({ held }) => !held);
    expect(failed.map(({ check }) => check)).toContain('a deletion leaves no version behind');
    expect(failed.map(({ detail }) => detail).join()).toContain('object lock');
  });

  test('wrong keys, and a bucket that is not there, are told by name', async () => {
    writeFileSync(join(folder.path, 'wrong'), 'not-the-secret');
    const wrong = await lethe(['probe', ...on('lethe', 'wrong')]);
    expect(wrong).toMatchObject({ code: 6, stdout: expect.stringContaining('secret key') });
    const missing = await lethe(['probe', ...on('nowhere')]);
    expect(missing).toMatchObject({ code: 6, stdout: expect.stringContaining('bucket apply') });
  });
});

test('lethe probe tries the folder of --home, makes none, and refuses an address that is none', async () => {
  const home = join(folder.path, 'home');
  const missing = await lethe(['probe', '--home', home, '--json']);
  expect(missing).toMatchObject({ code: 3, stderr: expect.stringContaining('no object store') });
  const odd = await lethe(['probe', '--store', 'nonsense', '--json']);
  expect(odd).toMatchObject({ code: 2, stderr: expect.stringContaining('s3:https://') });
});
