import { type BackendPreference, ComputeProcess, openBackend } from '@lethe/compute';
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
import type { NetworksOutput } from './networks-job.ts';
import type { OperationsOutput } from './operations-job.ts';
import type { RoundJobInput, RoundJobOutput } from './round-job.ts';

const url = (job: string) => new URL(`./${job}-job.ts`, import.meta.url);

/** What every backend has to do: as pure JavaScript does, and the same again. */
export function describeBackend(prefer: BackendPreference, onDevice: boolean): void {
  let compute: ComputeProcess;

  beforeAll(() => {
    compute = new ComputeProcess({ backend: { prefer } });
  });
  afterAll(() => compute[Symbol.asyncDispose]());

  it('agrees with pure JavaScript in every operation and gradient, and frees all memory', async () => {
    const output = await compute.run<undefined, OperationsOutput>(url('operations'), undefined);
    const wrong = Object.entries(output.differences).filter(([, value]) => !(value < 1e-5));
    expect(Object.keys(output.differences).length).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
    expect(output.left).toEqual({ tensors: 0, bytes: 0 });
  });

  // A GPU in software takes minutes for it.
  it.skipIf(!onDevice)('trains networks to the same bytes in another process', async () => {
    const first = await compute.run<undefined, NetworksOutput>(url('networks'), undefined);
    await using other = new ComputeProcess({ backend: { prefer } });
    expect(await other.run<undefined, NetworksOutput>(url('networks'), undefined)).toEqual(first);
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
      // Of 400: rounding alone leads to other weights.
      expect(Math.abs(actual! - oracle!)).toBeLessThan(0.1);
    });

    function accuracyOf(weights: readonly Float32Array[], samples: LabelledSamples): number {
      return accuracy(logitsOf(task, weights, samples), samples.labels, 4);
    }

    it('leaves no tensor and no memory of the device behind', () => {
      expect(output.tensors[1]).toBe(output.tensors[0]);
      expect(output.bytes[1]).toBe(output.bytes[0]);
    });

    it('gives the same bytes in another process', async () => {
      await using other = new ComputeProcess({ backend: { prefer } });
      const again = await other.run<RoundJobInput, RoundJobOutput>(url('round'), input);
      expect(again.result).toEqual(output.result);
    });
  });

  it('ends its process when it is done with', async () => {
    const deaths: string[] = [];
    const ended = new ComputeProcess({
      backend: { prefer },
      onDeath: (reason) => deaths.push(reason),
      cancelGraceMs: 60_000,
    });
    await ended.backend();
    await ended[Symbol.asyncDispose]();
    expect(deaths).toEqual([]);
  });
}
