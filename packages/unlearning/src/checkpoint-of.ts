import { LetheError } from '@lethe/contracts';
import * as tf from '@tensorflow/tfjs';
import type { RoundWork } from './methods/round-work.ts';
import type { RoundHooks } from './round.ts';

/** Tells how far the work is, lets the event loop turn, and ends it once its signal is aborted. */
export function checkpointOf(
  { onProgress, signal }: RoundHooks,
  meter: RoundWork['meter'],
): RoundWork['checkpoint'] {
  return async (progress) => {
    onProgress?.({ ...progress, imagePasses: meter.training + meter.forward });
    await tf.nextFrame();
    if (signal?.aborted === true) {
      throw new LetheError('cancelled', 'The round was cancelled; nothing has changed.', {
        cause: signal.reason,
      });
    }
  };
}
