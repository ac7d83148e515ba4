/**
 * Copies some rows of a row-major array one after the other into another.
 *
 * @param into [rows.length, width], or longer
 * @param from [n, width]
 * @param rows which, in order
 */
export function copyRows(
  into: Float32Array,
  from: Float32Array,
  rows: Iterable<number>,
  width: number,
): void {
  let at = 0;
  for (const row of rows) {
    into.set(from.subarray(row * width, (row + 1) * width), at);
    at += width;
  }
}
