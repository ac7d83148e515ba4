import { LetheError } from '@lethe/contracts';
import { movedCopy } from '../../images/moved-copy.ts';
import type { Random } from '../../random.ts';
import type { Network } from '../../round.ts';

/** What is done to the images of a batch of training. */
export const augmentationChoices = ['none', 'shift', 'shift-and-mirror'] as const;

/** Moves each image of a batch at random, in place; row-major [n, …sampleShape], as read. */
export type BatchMoves = (batch: Float32Array) => void;

/**
 * @param augment one of `augmentationChoices`
 * @throws LetheError `invalid` for samples that are no images, unless nothing is to be done
 */
export function augmentation(
  { isImage, sampleShape }: Pick<Network, 'isImage' | 'sampleShape'>,
  augment: string,
  random: Random,
): BatchMoves {
  if (augment === 'none') return () => {};
  const [height, width, channels = 1] = sampleShape;
  if (!isImage || height === undefined || width === undefined) {
    throw LetheError.invalid(
      'settings.augment',
      augment,
      'moves images, and these samples are none',
      'Leave it out.',
    );
  }
  const shape = { height, width, channels };
  const mirrors = augment === 'shift-and-mirror';
  const size = height * width * channels;
  return (batch) => {
    for (let from = 0; from < batch.length; from += size) {
      const image = batch.slice(from, from + size);
      movedCopy(image, 0, batch, from, shape, mirrors, random);
    }
  };
}
