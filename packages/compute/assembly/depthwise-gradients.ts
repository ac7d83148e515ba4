// Gradients of a depthwise convolution: output channel o sees input channel o / multiplier only.
//
// x [n, h, w, ci], dy [n, oh, ow, ci * multiplier], filter [kh, kw, ci, multiplier]. With one
// output per input channel, the usual case, four channels are computed side by side.

import { endInside, firstInside } from './inside';

/** gradient[tap, o] = sum over pixels of x moved by the tap, times dy. */
export function depthwiseFilterGradient(
  x: usize,
  dy: usize,
  gradient: usize,
  n: i32,
  h: i32,
  w: i32,
  ci: i32,
  kh: i32,
  kw: i32,
  co: i32,
  oh: i32,
  ow: i32,
  strideH: i32,
  strideW: i32,
  padTop: i32,
  padLeft: i32,
): void {
  memory.fill(gradient, 0, <usize>(kh * kw * co * 4));
  for (let i = 0; i < kh; i++) {
    const top = firstInside(padTop - i, strideH);
    const bottom = min(oh, endInside(h + padTop - i, strideH));
    for (let j = 0; j < kw; j++) {
      const left = firstInside(padLeft - j, strideW);
      const right = min(ow, endInside(w + padLeft - j, strideW));
      const tap = gradient + <usize>((i * kw + j) * co * 4);
      for (let image = 0; image < n; image++) {
        for (let row = top; row < bottom; row++) {
          const y = (image * h + row * strideH + i - padTop) * w + left * strideW + j - padLeft;
          const from = x + <usize>(y * ci * 4);
          const by = dy + <usize>(((image * oh + row) * ow + left) * co * 4);
          addProducts(from, by, tap, right - left, ci, co, <usize>(strideW * ci * 4));
        }
      }
    }
  }
}

/** dx[pixel, c] = sum over the taps that reach it of dy * filter. */
export function depthwiseInputGradient(
  dy: usize,
  filter: usize,
  dx: usize,
  n: i32,
  h: i32,
  w: i32,
  ci: i32,
  kh: i32,
  kw: i32,
  co: i32,
  oh: i32,
  ow: i32,
  strideH: i32,
  strideW: i32,
  padTop: i32,
  padLeft: i32,
): void {
  memory.fill(dx, 0, <usize>(n * h * w * ci * 4));
  for (let image = 0; image < n; image++) {
    for (let i = 0; i < kh; i++) {
      const top = firstInside(padTop - i, strideH);
      const bottom = min(oh, endInside(h + padTop - i, strideH));
      for (let row = top; row < bottom; row++) {
        for (let j = 0; j < kw; j++) {
          const left = firstInside(padLeft - j, strideW);
          const right = min(ow, endInside(w + padLeft - j, strideW));
          const x = (image * h + row * strideH + i - padTop) * w + left * strideW + j - padLeft;
          const by = dy + <usize>(((image * oh + row) * ow + left) * co * 4);
          const tap = filter + <usize>((i * kw + j) * co * 4);
          const to = dx + <usize>(x * ci * 4);
          spread(by, tap, to, right - left, ci, co, <usize>(strideW * ci * 4));
        }
      }
    }
  }
}

/** sums[o] += sum over `count` pixels of x[o / multiplier] * y[o] */
function addProducts(
  x: usize,
  y: usize,
  sums: usize,
  count: i32,
  ci: i32,
  co: i32,
  xPixel: usize,
): void {
  const yPixel = <usize>(co * 4);
  const multiplier = co / ci;
  let o = 0;
  if (multiplier === 1) {
    for (; o + 4 <= co; o += 4) {
      const at = <usize>(o * 4);
      let from = x + at;
      let by = y + at;
      let sum = f32x4.splat(0);
      for (let pixel = 0; pixel < count; pixel++) {
        sum = f32x4.add(sum, f32x4.mul(v128.load(from), v128.load(by)));
        from += xPixel;
        by += yPixel;
      }
      v128.store(sums + at, f32x4.add(v128.load(sums + at), sum));
    }
  }
  for (; o < co; o++) {
    let from = x + <usize>((o / multiplier) * 4);
    let by = y + <usize>(o * 4);
    let sum: f32 = 0;
    for (let pixel = 0; pixel < count; pixel++) {
      sum += load<f32>(from) * load<f32>(by);
      from += xPixel;
      by += yPixel;
    }
    const to = sums + <usize>(o * 4);
    store<f32>(to, load<f32>(to) + sum);
  }
}

/** x[o / multiplier] += y[o] * factor[o], for `count` pixels */
function spread(
  y: usize,
  factor: usize,
  x: usize,
  count: i32,
  ci: i32,
  co: i32,
  xPixel: usize,
): void {
  const yPixel = <usize>(co * 4);
  const multiplier = co / ci;
  for (let pixel = 0; pixel < count; pixel++) {
    let o = 0;
    if (multiplier === 1) {
      for (; o + 4 <= co; o += 4) {
        const at = <usize>(o * 4);
        const product = f32x4.mul(v128.load(y + at), v128.load(factor + at));
        v128.store(x + at, f32x4.add(v128.load(x + at), product));
      }
    }
    for (; o < co; o++) {
      const to = x + <usize>((o / multiplier) * 4);
      const at = <usize>(o * 4);
      store<f32>(to, load<f32>(to) + load<f32>(y + at) * load<f32>(factor + at));
    }
    x += xPixel;
    y += yPixel;
  }
}
