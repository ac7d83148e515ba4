import type { Random } from '../random.ts';
import { affineSample, type ImageShape } from './affine-sample.ts';

/**
 * A copy of an image as training makes them (He et al. 2016, §4.2): shifted by whole pixels, up to
 * an eighth of each side, what comes in mirrored at the border; and, if it may be, mirrored as a
 * whole in half of the cases. Sides below eight pixels are not shifted along.
 *
 * @param source holds the image at `from`, row-major
 * @param target gets it at `to`
 */
export function movedCopy(
  source: Float32Array,
  from: number,
  target: Float32Array,
  to: number,
  shape: ImageShape,
  mirrors: boolean,
  random: Random,
): void {
  affineSample(source, from, target, to, shape, {
    scaleX: mirrors && random.chance(0.5) ? -1 : 1,
    scaleY: 1,
    shiftX: pixels(shape.width, random),
    shiftY: pixels(shape.height, random),
    turn: 0,
  });
}

/** A whole number of pixels, up to an eighth of the side either way, in half sides. */
function pixels(side: number, random: Random): number {
  const most = side >> 3;
  return ((random.integer(2 * most + 1) - most) * 2) / side;
}
