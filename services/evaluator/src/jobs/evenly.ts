/** At most `count` of the rows, evenly spaced, in their order. */
export function evenly(rows: Uint32Array, count: number): Uint32Array {
  if (rows.length <= count) return rows;
  return Uint32Array.from(
    { length: count },
    (_, i) => rows[Math.floor((i * rows.length) / count)] as number,
  );
}
