// Gradient of a convolution in its filter: for each tap, x moved by the tap, transposed, times dy.
//
// The sum over pixels is kept in registers for 4 input x 8 output channels at a time, and is
// walked in bands of rows small enough for the first-level cache. Each band is summed from
// zero before it is added to the result, which also keeps rounding errors small.

import { endInside, firstInside } from './inside';

/** What of x and dy should stay in the cache while all taps and channels pass over it. */
const bandBytes: i32 = 24 * 1024;

/** dy [n, oh, ow, co], x [n, h, w, ci] -> gradient [kh, kw, ci, co]; pointers in bytes. */
export function conv2dFilterGradient(
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
  memory.fill(gradient, 0, <usize>(kh * kw * ci * co * 4));
  const band = max(1, bandBytes / ((ow * co + strideH * w * ci) * 4));
  for (let image = 0; image < n; image++) {
    for (let first = 0; first < oh; first += band) {
      const last = min(first + band, oh);
      for (let i = 0; i < kh; i++) {
        const top = max(first, firstInside(padTop - i, strideH));
        const bottom = min(last, endInside(h + padTop - i, strideH));
        for (let j = 0; j < kw; j++) {
          const left = firstInside(padLeft - j, strideW);
          const right = min(ow, endInside(w + padLeft - j, strideW));
          if (bottom <= top || right <= left) continue;
          const row = image * h + top * strideH + i - padTop;
          const column = left * strideW + j - padLeft;
          addTap(
            x + <usize>((row * w + column) * ci * 4),
            dy + <usize>(((image * oh + top) * ow + left) * co * 4),
            gradient + <usize>((i * kw + j) * ci * co * 4),
            bottom - top,
            right - left,
            ci,
            co,
            <usize>(strideW * ci * 4),
            <usize>(strideH * w * ci * 4),
            <usize>(ow * co * 4),
          );
        }
      }
    }
  }
}

/** The [ci, co] part of one tap, over `rows` x `columns` pixels. */
function addTap(
  x: usize,
  dy: usize,
  gradient: usize,
  rows: i32,
  columns: i32,
  ci: i32,
  co: i32,
  xPixel: usize,
  xRow: usize,
  dyRow: usize,
): void {
  const dyPixel = <usize>(co * 4);
  let c = 0;
  for (; c + 4 <= ci; c += 4) {
    let o = 0;
    for (; o + 8 <= co; o += 8) {
      const to = gradient + <usize>((c * co + o) * 4);
      addFourByEight(
        x + <usize>(c * 4),
        dy + <usize>(o * 4),
        to,
        rows,
        columns,
        xPixel,
        xRow,
        dyPixel,
        dyRow,
      );
    }
    for (; o < co; o++) {
      for (let k = c; k < c + 4; k++) {
        const to = gradient + <usize>((k * co + o) * 4);
        addOne(
          x + <usize>(k * 4),
          dy + <usize>(o * 4),
          to,
          rows,
          columns,
          xPixel,
          xRow,
          dyPixel,
          dyRow,
        );
      }
    }
  }
  for (; c < ci; c++) {
    let o = 0;
    for (; o + 8 <= co; o += 8) {
      const to = gradient + <usize>((c * co + o) * 4);
      addOneByEight(
        x + <usize>(c * 4),
        dy + <usize>(o * 4),
        to,
        rows,
        columns,
        xPixel,
        xRow,
        dyPixel,
        dyRow,
      );
    }
    for (; o < co; o++) {
      const to = gradient + <usize>((c * co + o) * 4);
      addOne(
        x + <usize>(c * 4),
        dy + <usize>(o * 4),
        to,
        rows,
        columns,
        xPixel,
        xRow,
        dyPixel,
        dyRow,
      );
    }
  }
}

function addFourByEight(
  x: usize,
  dy: usize,
  gradient: usize,
  rows: i32,
  columns: i32,
  xPixel: usize,
  xRow: usize,
  dyPixel: usize,
  dyRow: usize,
): void {
  let a0 = f32x4.splat(0);
  let b0 = a0;
  let a1 = a0;
  let b1 = a0;
  let a2 = a0;
  let b2 = a0;
  let a3 = a0;
  let b3 = a0;
  for (let row = 0; row < rows; row++) {
    let from = x;
    let by = dy;
    for (let column = 0; column < columns; column++) {
      const d0 = v128.load(by);
      const d1 = v128.load(by, 16);
      let value = v128.load32_splat(from);
      a0 = f32x4.add(a0, f32x4.mul(value, d0));
      b0 = f32x4.add(b0, f32x4.mul(value, d1));
      value = v128.load32_splat(from, 4);
      a1 = f32x4.add(a1, f32x4.mul(value, d0));
      b1 = f32x4.add(b1, f32x4.mul(value, d1));
      value = v128.load32_splat(from, 8);
      a2 = f32x4.add(a2, f32x4.mul(value, d0));
      b2 = f32x4.add(b2, f32x4.mul(value, d1));
      value = v128.load32_splat(from, 12);
      a3 = f32x4.add(a3, f32x4.mul(value, d0));
      b3 = f32x4.add(b3, f32x4.mul(value, d1));
      from += xPixel;
      by += dyPixel;
    }
    x += xRow;
    dy += dyRow;
  }
  addTo(gradient, a0, b0);
  gradient += dyPixel;
  addTo(gradient, a1, b1);
  gradient += dyPixel;
  addTo(gradient, a2, b2);
  gradient += dyPixel;
  addTo(gradient, a3, b3);
}

function addOneByEight(
  x: usize,
  dy: usize,
  gradient: usize,
  rows: i32,
  columns: i32,
  xPixel: usize,
  xRow: usize,
  dyPixel: usize,
  dyRow: usize,
): void {
  let a = f32x4.splat(0);
  let b = a;
  for (let row = 0; row < rows; row++) {
    let from = x;
    let by = dy;
    for (let column = 0; column < columns; column++) {
      const value = v128.load32_splat(from);
      a = f32x4.add(a, f32x4.mul(value, v128.load(by)));
      b = f32x4.add(b, f32x4.mul(value, v128.load(by, 16)));
      from += xPixel;
      by += dyPixel;
    }
    x += xRow;
    dy += dyRow;
  }
  addTo(gradient, a, b);
}

function addOne(
  x: usize,
  dy: usize,
  gradient: usize,
  rows: i32,
  columns: i32,
  xPixel: usize,
  xRow: usize,
  dyPixel: usize,
  dyRow: usize,
): void {
  let sum: f32 = 0;
  for (let row = 0; row < rows; row++) {
    let from = x;
    let by = dy;
    for (let column = 0; column < columns; column++) {
      sum += load<f32>(from) * load<f32>(by);
      from += xPixel;
      by += dyPixel;
    }
    x += xRow;
    dy += dyRow;
  }
  store<f32>(gradient, load<f32>(gradient) + sum);
}

function addTo(to: usize, a: v128, b: v128): void {
  v128.store(to, f32x4.add(v128.load(to), a));
  v128.store(to, f32x4.add(v128.load(to, 16), b), 16);
}
