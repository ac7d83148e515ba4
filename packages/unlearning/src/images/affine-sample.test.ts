import { describe, expect, it } from 'vitest';
import { type Affine, affineSample } from './affine-sample.ts';

const identity: Affine = { scaleX: 1, scaleY: 1, shiftX: 0, shiftY: 0, turn: 0 };
/** One row of four pixels. */
const row = Float32Array.of(0, 1, 2, 3);

function sampled(affine: Partial<Affine>, image = row, height = 1, width = 4, channels = 1) {
  const target = new Float32Array(image.length);
  affineSample(image, 0, target, 0, { height, width, channels }, { ...identity, ...affine });
  return [...target];
}

describe('affine sampling', () => {
  it('gives the image itself under the identity, on every channel', () => {
    const image = Float32Array.from({ length: 2 * 3 * 2 }, (_, i) => i);
    expect(sampled({}, image, 2, 3, 2)).toEqual([...image]);
  });

  it('mirrors by a negative scale', () => {
    expect(sampled({ scaleX: -1 })).toEqual([3, 2, 1, 0]);
    const image = Float32Array.of(1, 2, 3, 4);
    expect(sampled({ scaleY: -1 }, image, 2, 2)).toEqual([3, 4, 1, 2]);
  });

  it('shifts by pixels, and mirrors what comes in at the border', () => {
    // Half a width is two pixels: positions 2, 3, 4, 5; 4 and 5 mirror at 3½ to 3 and 2.
    expect(sampled({ shiftX: 1 })).toEqual([2, 3, 3, 2]);
    expect(sampled({ shiftX: -1 })).toEqual([1, 0, 0, 1]);
  });

  it('interpolates between pixels when it zooms in', () => {
    // Coordinates ∓¾, ∓¼ halved: positions 0.75, 1.25, 1.75, 2.25.
    expect(sampled({ scaleX: 0.5 })).toEqual([0.75, 1.25, 1.75, 2.25]);
  });

  it('turns around the middle', () => {
    const image = Float32Array.of(1, 2, 3, 4);
    for (const [i, value] of sampled({ turn: Math.PI / 2 }, image, 2, 2).entries()) {
      expect(value).toBeCloseTo([2, 4, 1, 3][i] as number, 5);
    }
  });

  it('writes where it is told and reads from there', () => {
    const source = Float32Array.of(9, 9, 1, 2);
    const target = new Float32Array(4);
    affineSample(source, 2, target, 1, { height: 1, width: 2, channels: 1 }, identity);
    expect([...target]).toEqual([0, 1, 2, 0]);
  });
});
