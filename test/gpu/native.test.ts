import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ComputeProcess } from '@lethe/compute';
import { describe, expect, it } from 'vitest';
import { describeBackend } from './describe-backend.ts';

const onGpu = process.env['LETHE_TEST_GPU'] === 'required';
const packages = new URL('../../packages/compute/native/node_modules', import.meta.url);
const skipped = !onGpu && !existsSync(fileURLToPath(packages));
const title = skipped
  ? 'libtensorflow (skipped: not installed, npm run native:install)'
  : 'libtensorflow';

describe.skipIf(skipped)(title, () => {
  it.runIf(onGpu)('is opened on the GPU, before everything else', async () => {
    await using compute = new ComputeProcess();
    const { name, description } = await compute.backend();
    expect(name).toBe('native-gpu');
    expect(description).toMatch(/ GPU, /);
  });

  describeBackend('native', true);
});
