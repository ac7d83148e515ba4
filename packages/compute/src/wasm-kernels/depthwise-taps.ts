import type { Conv2dGeometry } from './conv2d-geometry.ts';

/**
 * Walks the pairs of pixels that one filter tap of a depthwise convolution joins.
 *
 * @param visit gets the first positions of the channels of the input pixel (in [n, h, w, ci]),
 *   of the output pixel (in [n, oh, ow, co]) and of the tap (in [kh, kw, ci, multiplier])
 */
export function forEachTap(
  g: Conv2dGeometry,
  visit: (input: number, output: number, tap: number) => void,
): void {
  for (let image = 0; image < g.n; image++) {
    for (let oy = 0; oy < g.oh; oy++) {
      for (let i = 0; i < g.kh; i++) {
        const y = oy * g.strideH + i - g.padTop;
        if (y < 0 || y >= g.h) continue;
        for (let ox = 0; ox < g.ow; ox++) {
          const output = ((image * g.oh + oy) * g.ow + ox) * g.co;
          for (let j = 0; j < g.kw; j++) {
            const x = ox * g.strideW + j - g.padLeft;
            if (x < 0 || x >= g.w) continue;
            visit(((image * g.h + y) * g.w + x) * g.ci, output, (i * g.kw + j) * g.co);
          }
        }
      }
    }
  }
}
