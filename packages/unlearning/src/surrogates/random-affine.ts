import type { Affine } from '../images/affine-sample.ts';
import type { Random } from '../random.ts';

/**
 * A zoom of 0.4 to 1.15, mirrored in half of the cases, turned by up to 0.4 radians, shifted as
 * far as the zoom leaves room.
 */
export function randomAffine(random: Random): Affine {
  const scale = random.uniform(0.4, 1.15);
  const reach = Math.max(Math.abs(1 - scale), 0.15);
  return {
    scaleX: random.chance(0.5) ? -scale : scale,
    scaleY: scale,
    shiftX: random.uniform(-reach, reach),
    shiftY: random.uniform(-reach, reach),
    turn: random.uniform(-0.4, 0.4),
  };
}
