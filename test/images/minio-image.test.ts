// MinIO's image, really built from its Dockerfile, and run as a pod of its stateful set is. Its base
// here is the small Debian instead of one without a shell, which only registries of images have.

import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ResourceStack } from '@lethe/service-kit';
import { applyBucket, MinioStore, type MinioStoreOptions, probeObjectStore } from '@lethe/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { baseImages, goImage } from '../support/images/base-images.ts';
import { buildImage } from '../support/images/engine.ts';
import { MountedImage } from '../support/images/mounted-image.ts';
import { freePort } from '../support/servers/free-port.ts';

const checkout = new URL('../../', import.meta.url).pathname;
const dockerfile = 'deploy/docker/minio.Dockerfile';
const stack = new ResourceStack();
let image: MountedImage;

beforeAll(async () => {
  const { devDependencies } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'));
  const { run } = await baseImages(devDependencies.node);
  const text = await readFile(join(checkout, dockerfile), 'utf8');
  const [, version = ''] = /golang:([\d.]+)-bookworm/.exec(text) ?? [];
  const tag = 'localhost/lethe-minio:test';
  await buildImage(dockerfile, tag, checkout, {
    BUILD_IMAGE: await goImage(version, run),
    RUN_IMAGE: run,
  });
  image = stack.use(await MountedImage.open(tag));
});
afterAll(() => stack[Symbol.asyncDispose]());

test('as a user without a name, on a root that cannot be written, it honours what Lethe rests on', async () => {
  const state = await mkdtemp(join(tmpdir(), 'lethe-volume-'));
  stack.defer(() => rm(state, { recursive: true, force: true }));
  await chmod(state, 0o777);
  const port = await freePort();
  const secrets = { accessKey: 'image-test', secretKey: 'image-test-secret' };
  const { Entrypoint = [] } = image.config;
  const settings = ['--quiet', '--certs-dir=/var/lethe/certs', `--address=127.0.0.1:${port}`];
  const minio = image.run([...Entrypoint, 'server', ...settings, '/var/lethe/data'], {
    uid: 54_321,
    state,
    env: { MINIO_ROOT_USER: secrets.accessKey, MINIO_ROOT_PASSWORD: secrets.secretKey },
  });
  const ready = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/minio/health/ready`).catch(
      () => undefined,
    );
    return answer?.status ?? minio.log();
  };
  await expect.poll(ready).toBe(200);
  const options: MinioStoreOptions = {
    ...{ host: '127.0.0.1', port, tls: false, bucket: 'lethe', prefix: '' },
    secrets: () => secrets,
  };
  expect(await applyBucket(options)).toMatchObject({ created: true, drift: [] });
  const store = new MinioStore(options);
  try {
    const findings = await probeObjectStore(store);
    expect(findings.length).toBeGreaterThan(5);
    expect(findings.filter(({ held }) => !held)).toEqual([]);
  } finally {
    await store[Symbol.asyncDispose]();
  }
  await minio.stop();
  expect([await minio.end, minio.log()]).toEqual([0, expect.any(String)]);
});
