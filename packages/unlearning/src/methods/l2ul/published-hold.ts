import * as tf from '@tensorflow/tfjs';
import { outputImportance } from '../../importance/output-importance.ts';
import type { RoundWork } from '../round-work.ts';
import { holdStrength } from './hold-strength.ts';
import { normalisePerTensor } from './normalise-per-tensor.ts';

/** How strongly L2UL's rule holds each weight at the served network, before λ: [parameters]. */
export async function publishedHold({
  network,
  forget,
  ledger,
  meter,
  ...work
}: RoundWork): Promise<Float32Array> {
  const theta = tf.tensor1d(work.served);
  try {
    const omega = await outputImportance(network, theta, forget.input, 'norm', async (step) => {
      meter.training += 1;
      await work.checkpoint({
        phase: 'preparing',
        step,
        stepLimit: forget.labels.length,
        forgetAccuracy: work.forgetAccuracyBefore,
      });
    });
    const earlier = normalisePerTensor(ledger.importance.map(Math.sqrt), network.segments);
    return holdStrength(normalisePerTensor(omega, network.segments), earlier);
  } finally {
    theta.dispose();
  }
}
