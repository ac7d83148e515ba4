import * as tf from '@tensorflow/tfjs';
import { installAveragePoolGradient } from './average-pool-gradient.ts';
import type { OpenAttempt } from './open-attempt.ts';

/** Pure JavaScript: the oracle for small tensors in tests, far too slow for anything else. */
export async function openJsBackend(): Promise<OpenAttempt> {
  await tf.setBackend('cpu');
  silenceInstallationAdvice();
  installAveragePoolGradient();
  const description = `tfjs ${tf.version.tfjs} in pure JavaScript, 1 thread`;
  return { kind: 'open', backend: { name: 'js', description, absent: [] } };
}

/** On first use this backend prints a banner that recommends the native one. */
function silenceInstallationAdvice(): void {
  (tf.backend() as tf.KernelBackend & { firstUse: boolean }).firstUse = false;
}
