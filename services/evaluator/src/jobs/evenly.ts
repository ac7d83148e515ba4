/** At most `count` of the rows, evenly spaced, in their order. */
export function evenly(rows: Uint32Array, count: number): Uint32Array {
  if (rows.length <= count) return rows;
  return Uint32Array.from(
    { length: count },
    (_, i) => rows[Math.floor((i * rows.length) / count)] as number,
  );
}

/**
 * About `count` of the rows, all of the classes where no more are there: as many of each of `classes` as of the others, where there are enough,
 * evenly spaced, in their order.
 *
 * @param labels [n] of the rows
 */
export function evenlyOfClasses(
  rows: Uint32Array,
  labels: Int32Array,
  count: number,
  classes: ReadonlySet<number>,
): Uint32Array {
  const indexes = Uint32Array.from(rows.keys());
  const wanted = [...classes]
    .map((wantedLabel) => indexes.filter((index) => labels[index] === wantedLabel))
    .filter(({ length }) => length > 0);
  const share = rows.length <= count ? rows.length : Math.ceil(count / wanted.length);
  const chosen = wanted.flatMap((ofClass) => [...evenly(ofClass, share)]);
  return Uint32Array.from(chosen)
    .sort()
    .map((index) => rows[index] as number);
}
