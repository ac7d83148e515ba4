// Convolution [n, h, w, ci] * [kh, kw, ci, co] -> [n, oh, ow, co] in 4 pixels x 8 channels.
//
// The filter comes packed in blocks of 8 output channels, [co / 8][kh][kw][ci][8], zeros beyond
// co; so does the bias, [co / 8 * 8]. Each image is copied into a padded frame first: then no
// tap needs a bounds check, and the taps of one filter row lie side by side in memory.
// All pointers and steps are in bytes. Sums run over kh, kw, ci in that order.

const lanes: i32 = 8;
const laneBytes: usize = 32;

/** Bytes in the frame of one image. */
export function conv2dFrameBytes(
  ci: i32,
  kh: i32,
  kw: i32,
  oh: i32,
  ow: i32,
  strideH: i32,
  strideW: i32,
): i32 {
  return frameExtent(oh, strideH, kh) * frameExtent(ow, strideW, kw) * ci * 4;
}

/**
 * @param frame scratch of conv2dFrameBytes + 32 bytes; the last 32 hold a pixel's channels when
 *   co is not a multiple of 8
 * @param padTop rows of zeros above an image; negative: rows of it left out
 * @param yPixel from one output pixel to the next, so that a gradient can be written to every
 *   stride-th pixel of a larger image
 * @param relu 1: negative results become 0
 */
export function conv2d(
  x: usize,
  filter: usize,
  bias: usize,
  y: usize,
  frame: usize,
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
  yPixel: usize,
  yRow: usize,
  yImage: usize,
  relu: i32,
): void {
  const rows = frameExtent(oh, strideH, kh);
  const columns = frameExtent(ow, strideW, kw);
  const frameRow = <usize>(columns * ci * 4);
  const spare = frame + <usize>rows * frameRow;
  const xPixel = <usize>(strideW * ci * 4);
  const taps = <usize>(kw * ci * 4);
  const block = <usize>(kh * kw * ci) * laneBytes;
  const whole = padTop === 0 && padLeft === 0 && rows === h && columns === w;
  if (!whole) memory.fill(frame, 0, <usize>rows * frameRow);
  for (let image = 0; image < n; image++) {
    const source = x + <usize>(image * h * w * ci * 4);
    if (!whole) copyIntoFrame(source, frame, h, w, ci, rows, columns, padTop, padLeft);
    const input = whole ? source : frame;
    for (let o = 0; o < co; o += lanes) {
      const taken = min(lanes, co - o);
      const f = filter + <usize>(o / lanes) * block;
      const b = bias + <usize>(o * 4);
      for (let row = 0; row < oh; row++) {
        let from = input + <usize>(row * strideH) * frameRow;
        let to = y + <usize>image * yImage + <usize>row * yRow + <usize>(o * 4);
        let left = ow;
        for (; left >= 4; left -= 4) {
          fourPixels(from, xPixel, frameRow, kh, taps, f, b, to, yPixel, spare, taken, relu);
          from += xPixel << 2;
          to += yPixel << 2;
        }
        for (; left > 0; left--) {
          onePixel(from, frameRow, kh, taps, f, b, to, spare, taken, relu);
          from += xPixel;
          to += yPixel;
        }
      }
    }
  }
}

function frameExtent(outputs: i32, stride: i32, taps: i32): i32 {
  return (outputs - 1) * stride + taps;
}

/** The border keeps the zeros it was filled with: every image covers the same part. */
function copyIntoFrame(
  source: usize,
  frame: usize,
  h: i32,
  w: i32,
  ci: i32,
  rows: i32,
  columns: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const skip = max(0, -padLeft);
  const start = max(0, padLeft);
  const count = min(w - skip, columns - start);
  if (count <= 0) return;
  for (let row = max(0, -padTop); row < h && row + padTop < rows; row++) {
    memory.copy(
      frame + <usize>(((row + padTop) * columns + start) * ci * 4),
      source + <usize>((row * w + skip) * ci * 4),
      <usize>(count * ci * 4),
    );
  }
}

function fourPixels(
  x: usize,
  xPixel: usize,
  xRow: usize,
  kh: i32,
  taps: usize,
  filter: usize,
  bias: usize,
  y: usize,
  yPixel: usize,
  spare: usize,
  taken: i32,
  relu: i32,
): void {
  let a0 = v128.load(bias);
  let b0 = v128.load(bias, 16);
  let a1 = a0;
  let b1 = b0;
  let a2 = a0;
  let b2 = b0;
  let a3 = a0;
  let b3 = b0;
  for (let i = 0; i < kh; i++) {
    let x0 = x;
    let x1 = x + xPixel;
    let x2 = x1 + xPixel;
    let x3 = x2 + xPixel;
    const end = x + taps;
    while (x0 < end) {
      const f0 = v128.load(filter);
      const f1 = v128.load(filter, 16);
      let value = v128.load32_splat(x0);
      a0 = f32x4.add(a0, f32x4.mul(value, f0));
      b0 = f32x4.add(b0, f32x4.mul(value, f1));
      value = v128.load32_splat(x1);
      a1 = f32x4.add(a1, f32x4.mul(value, f0));
      b1 = f32x4.add(b1, f32x4.mul(value, f1));
      value = v128.load32_splat(x2);
      a2 = f32x4.add(a2, f32x4.mul(value, f0));
      b2 = f32x4.add(b2, f32x4.mul(value, f1));
      value = v128.load32_splat(x3);
      a3 = f32x4.add(a3, f32x4.mul(value, f0));
      b3 = f32x4.add(b3, f32x4.mul(value, f1));
      filter += laneBytes;
      x0 += 4;
      x1 += 4;
      x2 += 4;
      x3 += 4;
    }
    x += xRow;
  }
  storePixel(y, a0, b0, spare, taken, relu);
  y += yPixel;
  storePixel(y, a1, b1, spare, taken, relu);
  y += yPixel;
  storePixel(y, a2, b2, spare, taken, relu);
  y += yPixel;
  storePixel(y, a3, b3, spare, taken, relu);
}

function onePixel(
  x: usize,
  xRow: usize,
  kh: i32,
  taps: usize,
  filter: usize,
  bias: usize,
  y: usize,
  spare: usize,
  taken: i32,
  relu: i32,
): void {
  let a = v128.load(bias);
  let b = v128.load(bias, 16);
  for (let i = 0; i < kh; i++) {
    let from = x;
    const end = x + taps;
    while (from < end) {
      const value = v128.load32_splat(from);
      a = f32x4.add(a, f32x4.mul(value, v128.load(filter)));
      b = f32x4.add(b, f32x4.mul(value, v128.load(filter, 16)));
      filter += laneBytes;
      from += 4;
    }
    x += xRow;
  }
  storePixel(y, a, b, spare, taken, relu);
}

function storePixel(y: usize, a: v128, b: v128, spare: usize, taken: i32, relu: i32): void {
  if (relu) {
    const zero = f32x4.splat(0);
    a = f32x4.max(a, zero);
    b = f32x4.max(b, zero);
  }
  const to = taken === lanes ? y : spare;
  v128.store(to, a);
  v128.store(to, b, 16);
  if (to !== y) memory.copy(y, spare, <usize>(taken * 4));
}
