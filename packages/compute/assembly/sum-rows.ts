// Sum of the rows of a [rows, columns] matrix, as the gradient of a bias needs it.
//
// Rows are summed in bands of 256 from zero, and the bands added up: rounding errors grow with
// the number of bands and the length of one, not with the number of rows.

const bandRows: i32 = 256;

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
