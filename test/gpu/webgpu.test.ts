import { ComputeProcess } from '@lethe/compute';
import { describe, expect, it } from 'vitest';
import { describeBackend } from './describe-backend.ts';
import { softwareVulkan } from './software-vulkan.ts';

const onGpu = process.env['LETHE_TEST_GPU'] === 'required';
const environment = onGpu ? {} : softwareVulkan();
const required = onGpu || process.env['LETHE_TEST_SERVERS'] === 'required';
const skipped = environment === undefined && !required;
const remedy = 'npm run webgpu:install, and a software Vulkan: npm run chromium:install';
const title = skipped ? `WebGPU (skipped: not installed, ${remedy})` : 'WebGPU';

// Compute processes inherit it; in this one nothing loads a Vulkan driver.
Object.assign(process.env, environment);

describe.skipIf(skipped)(title, () => {
  it.runIf(onGpu)('is opened on the GPU', async () => {
    await using compute = new ComputeProcess({ backend: { prefer: 'webgpu' } });
    expect(await compute.backend()).toMatchObject({ name: 'webgpu', absent: [] });
  });

  it.skipIf(onGpu)('is opened by name on a GPU in software, which it calls so', async () => {
    await using compute = new ComputeProcess({ backend: { prefer: 'webgpu' } });
    const { name, description, absent } = await compute.backend();
    expect(name).toBe('webgpu-software');
    expect(description).toMatch(/on WebGPU, .*, a GPU in software$/);
    expect(absent).toMatchObject([{ name: 'webgpu' }]);
  });

  it.skipIf(onGpu)('is not taken by itself on a GPU in software, and says why', async () => {
    await using automatic = new ComputeProcess();
    const { name, absent } = await automatic.backend();
    expect(name).not.toMatch(/^webgpu/);
    expect(absent).toContainEqual({
      name: 'webgpu',
      reason: expect.stringMatching(/^there is only .*, a GPU in software/),
    });
  });

  describeBackend('webgpu', onGpu);
});
