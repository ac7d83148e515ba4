import { ComputeProcess, openBackend } from '@lethe/compute';
import { type LabelledSamples, runRound } from '@lethe/unlearning';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accuracy } from '../../packages/unlearning/src/measures/accuracy.ts';
import {
  type BlobTask,
  firstOf,
  logitsOf,
  roundOf,
  trainBlobTask,
} from '../../packages/unlearning/src/testing/blob-task.ts';
import type { OperationsOutput } from './operations-job.ts';
import type { RoundJobInput, RoundJobOutput } from './round-job.ts';
import { softwareVulkan } from './software-vulkan.ts';

const environment = softwareVulkan();
const required = process.env['LETHE_TEST_SERVERS'] === 'required';
const skipped = environment === undefined && !required;
const remedy = 'npm run webgpu:install, and a software Vulkan: npm run chromium:install';
const title = skipped ? `WebGPU (skipped: not installed, ${remedy})` : 'WebGPU';

// Compute processes inherit it; in this one nothing loads a Vulkan driver.
Object.assign(process.env, environment);

const url = (job: string) => new URL(`./${job}-job.ts`, import.meta.url);

describe.skipIf(skipped)(title, () => {
  let compute: ComputeProcess;

  beforeAll(() => {
    compute = new ComputeProcess({ backend: { prefer: 'webgpu' } });
  });
  afterAll(() => compute[Symbol.asyncDispose]());

  it('is opened by name on a GPU in software, which it calls so', async () => {
    const { name, description, absent } = await compute.backend();
    expect(name).toBe('webgpu-software');
    expect(description).toMatch(/on WebGPU, .*, a GPU in software$/);
    expect(absent).toMatchObject([{ name: 'webgpu' }]);
  });

  it('is not taken by itself on a GPU in software, and says why', async () => {
    await using automatic = new ComputeProcess();
    const { name, absent } = await automatic.backend();
    expect(name).not.toMatch(/^webgpu/);
    expect(absent).toContainEqual({
      name: 'webgpu',
      reason: expect.stringMatching(/^there is only .*, a GPU in software/),
    });
  });

  it('agrees with pure JavaScript in every operation and gradient, and frees all memory', async () => {
    const output = await compute.run<undefined, OperationsOutput>(url('operations'), undefined);
    const wrong = Object.entries(output.differences).filter(([, value]) => !(value < 1e-5));
    expect(Object.keys(output.differences).length).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
    expect(output.left).toEqual({ tensors: 0, bytes: 0 });
  });

  describe('in a round of lethe', () => {
    let task: BlobTask;
    let input: RoundJobInput;
    let output: RoundJobOutput;

    // Few and large steps: a GPU in software is slow.
    beforeAll(async () => {
      await openBackend({ prefer: 'js' });
      task = await trainBlobTask();
      const { weights, train, heldOut } = task;
      const settings = { retainBatch: 8, repairSteps: 1, firstStep: 1, retainWeight: 4 };
      input = { weights, heldOut, settings, forget: firstOf(train, 4) };
      output = await compute.run(url('round'), input);
    });

    it('forgets, and costs as much elsewhere as in pure JavaScript', async () => {
      const { forget, settings } = input;
      const { outcome, weights } = output.result;
      expect(outcome).toBe('forgotten');
      expect(accuracyOf(weights, forget)).toBe(0);
      const expected = await runRound(roundOf(task, { forget, settings }));
      const [actual, oracle] = [weights, expected.weights].map((w) => accuracyOf(w, task.test));
      expect(Math.abs(actual! - oracle!)).toBeLessThan(0.05);
    });

    function accuracyOf(weights: readonly Float32Array[], samples: LabelledSamples): number {
      return accuracy(logitsOf(task, weights, samples), samples.labels, 4);
    }

    it('leaves no tensor and no memory of the device behind', () => {
      expect(output.tensors[1]).toBe(output.tensors[0]);
      expect(output.bytes[1]).toBe(output.bytes[0]);
    });

    it('gives the same bytes in another process', async () => {
      await using other = new ComputeProcess({ backend: { prefer: 'webgpu' } });
      const again = await other.run<RoundJobInput, RoundJobOutput>(url('round'), input);
      expect(again.result).toEqual(output.result);
    });
  });

  it('ends its process when it is done with', async () => {
    const deaths: string[] = [];
    const ended = new ComputeProcess({
      backend: { prefer: 'webgpu' },
      onDeath: (reason) => deaths.push(reason),
      cancelGraceMs: 60_000,
    });
    await ended.backend();
    await ended[Symbol.asyncDispose]();
    expect(deaths).toEqual([]);
  });
});
