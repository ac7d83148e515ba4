/** At most `count` of the indices 0 … size − 1, ascending, spread evenly over them. */
export function evenlySpaced(size: number, count: number): number[] {
  const taken = Math.min(size, count);
  return Array.from({ length: taken }, (_, index) => Math.floor((index * size) / taken));
}
