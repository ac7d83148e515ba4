import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { type ClassEnsemble, runClassEnsemble, trainClassEnsemble } from './class-ensemble.ts';

let ensemble: ClassEnsemble;
beforeAll(async () => {
  await openBackend({ prefer: 'js' });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 32, activation: 'relu', inputShape: [3] }),
      tf.layers.dense({ units: 3 }),
    ],
  });
  const network = {
    model,
    sampleShape: [3],
    classCount: 3,
    isImage: false,
    preprocessing: { scale: 1, mean: [0], std: [1] },
  };
  ensemble = await trainClassEnsemble(
    { network, samples: corners(900) },
    {
      ensemble: { data: 'mnist', members: 2, train: 60, epochs: 40 },
      scope: { kind: 'class', label: 1 },
    },
    { classSamples: 3, seed: 1 },
  );
});

it('forgets some samples of the class, and asks about all of them', () => {
  expect(ensemble.forget.labels).toEqual(Int32Array.of(1, 1, 1));
  expect(ensemble.judged.labels).toEqual(new Int32Array(300).fill(1));
});

it('tells networks that know the class from those that never saw it', async () => {
  const figure = await runClassEnsemble(ensemble, 'neggrad', { maxSteps: 1, seed: 1 });
  expect(figure).toMatchObject({ method: 'neggrad', k: 3, steps: 2, before: 100, value: 100 });
  expect(figure.stillKnown).toBe(100);
  const again = await runClassEnsemble(ensemble, 'neggrad', { maxSteps: 1, seed: 1 });
  expect(again).toEqual({ ...figure, seconds: again.seconds });
});

it('tells nothing where what unlearned never saw the class', async () => {
  const never = { ...ensemble, shadows: ensemble.retrained };
  const figure = await runClassEnsemble(never, 'neggrad', { maxSteps: 1, seed: 1 });
  expect(figure.before).toBeLessThanOrEqual(50);
  expect(figure.outcome).toBe('already_forgotten');
});

/** Samples of three classes in turn, all near one another, so that what is learnt of one is learnt of the others. */
function corners(count: number) {
  const labels = Int32Array.from({ length: count }, (_, i) => i % 3);
  const values = Float32Array.from({ length: 3 * count }, (_, at) => {
    const sample = Math.floor(at / 3);
    return (at % 3 === sample % 3 ? 6 : 4) + 0.1 * ((sample * 7 + at) % 5);
  });
  return { values, labels };
}
