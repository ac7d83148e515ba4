// Sums over, and products with, the rows of a [rows, columns] matrix: what normalisation and
// biases need, with columns = channels and rows = pixels.
//
// Sums are taken in bands of 256 rows from zero, and the bands added up: rounding errors grow
// with the number of bands and the length of one, not with the number of rows.

const bandRows: i32 = 256;

/** sums[c] = sum over rows of x[r, c] */
export function sumRows(x: usize, sums: usize, rows: i32, columns: i32): void {
  const row = <usize>(columns * 4);
  memory.fill(sums, 0, row);
  for (let first = 0; first < rows; first += bandRows) {
    const count = min(bandRows, rows - first);
    const band = x + <usize>first * row;
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) {
      let sum = f32x4.splat(0);
      let from = band + c;
      for (let i = 0; i < count; i++) {
        sum = f32x4.add(sum, v128.load(from));
        from += row;
      }
      v128.store(sums + c, f32x4.add(v128.load(sums + c), sum));
    }
    for (; c < row; c += 4) {
      let sum: f32 = 0;
      let from = band + c;
      for (let i = 0; i < count; i++) {
        sum += load<f32>(from);
        from += row;
      }
      store<f32>(sums + c, load<f32>(sums + c) + sum);
    }
  }
}

/** sums[c] = sum over rows of y[r, c] * (x[r, c] - centre[c]) */
export function sumCentredProducts(
  y: usize,
  x: usize,
  centre: usize,
  sums: usize,
  rows: i32,
  columns: i32,
): void {
  const row = <usize>(columns * 4);
  memory.fill(sums, 0, row);
  for (let first = 0; first < rows; first += bandRows) {
    const count = min(bandRows, rows - first);
    const start = <usize>first * row;
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) {
      const middle = v128.load(centre + c);
      let sum = f32x4.splat(0);
      let at = start + c;
      for (let i = 0; i < count; i++) {
        const distance = f32x4.sub(v128.load(x + at), middle);
        sum = f32x4.add(sum, f32x4.mul(v128.load(y + at), distance));
        at += row;
      }
      v128.store(sums + c, f32x4.add(v128.load(sums + c), sum));
    }
    for (; c < row; c += 4) {
      const middle = load<f32>(centre + c);
      let sum: f32 = 0;
      let at = start + c;
      for (let i = 0; i < count; i++) {
        sum += load<f32>(y + at) * (load<f32>(x + at) - middle);
        at += row;
      }
      store<f32>(sums + c, load<f32>(sums + c) + sum);
    }
  }
}

/** y[r, c] = (x[r, c] - centre[c]) * factor[c] + shift[c] */
export function scaleRows(
  x: usize,
  centre: usize,
  factor: usize,
  shift: usize,
  y: usize,
  rows: i32,
  columns: i32,
): void {
  const row = <usize>(columns * 4);
  for (let r = 0; r < rows; r++) {
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) {
      const distance = f32x4.sub(v128.load(x + c), v128.load(centre + c));
      const product = f32x4.mul(distance, v128.load(factor + c));
      v128.store(y + c, f32x4.add(product, v128.load(shift + c)));
    }
    for (; c < row; c += 4) {
      const distance = load<f32>(x + c) - load<f32>(centre + c);
      store<f32>(y + c, distance * load<f32>(factor + c) + load<f32>(shift + c));
    }
    x += row;
    y += row;
  }
}
