import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readConfig } from './config/read-config.ts';
import { storeSettings } from './config/store-settings.ts';
import { openStore, s3Options } from './open-store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-open-store-'));
  await writeFile(join(folder, 'access'), 'the-key\n');
  await writeFile(join(folder, 'secret'), 'the-secret\n');
});
afterEach(() => rm(folder, { recursive: true }));

function config(...argv: readonly string[]) {
  return readConfig(storeSettings, { env: {}, argv });
}

function withKeys(address: string, ...more: readonly string[]) {
  const keys = [
    `--store-access-key-file=${join(folder, 'access')}`,
    `--store-secret-key-file=${join(folder, 'secret')}`,
  ];
  return config(`--store=${address}`, ...keys, ...more);
}

test('opens a folder', async () => {
  await using store = await openStore(config(`--store=folder:${join(folder, 'store')}`));
  expect(await store.get('a')).toBeUndefined();
});

test('reads the keys of an S3 store from files, and new ones when they change', async () => {
  const options = await s3Options(withKeys('s3:https://minio.example:9000/lethe/eu'));
  expect(options).toMatchObject({ host: 'minio.example', tls: true, prefix: 'eu/' });
  expect(await options.secrets()).toMatchObject({ accessKey: 'the-key', secretKey: 'the-secret' });
  await writeFile(join(folder, 'secret'), 'another');
  await expect.poll(() => options.secrets()).toMatchObject({ secretKey: 'another' });
});

test('refuses another machine without TLS, unless it is allowed', async () => {
  const address = 's3:http://minio.example:9000/lethe';
  await expect(openStore(withKeys(address))).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('LETHE_STORE_ALLOW_INSECURE'),
  });
  await using _ = await openStore(withKeys(address, '--store-allow-insecure'));
  await using _local = await openStore(withKeys('s3:http://127.0.0.1:9000/lethe'));
});

test.each([
  ['s3:https://minio.example/lethe', [], 'LETHE_STORE_ACCESS_KEY_FILE'],
  ['nonsense', [], 'Use folder:PATH'],
  ['folder:', [], 'Use folder:PATH'],
  ['s3:https://minio.example/lethe', ['--store-access-key-file=/nowhere'], 'SECRET_KEY_FILE'],
])('says what %s %j lacks', async (address, more, words) => {
  await expect(openStore(config(`--store=${address}`, ...more))).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining(words),
  });
});

test('refuses an empty key file', async () => {
  await writeFile(join(folder, 'secret'), '\n');
  await expect(openStore(withKeys('s3:https://minio.example/lethe'))).rejects.toThrow('are empty');
});
