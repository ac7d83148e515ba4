export function percent(share: number): string {
  return `${percentCell(share)} %`;
}

/** For a column whose head has the unit. */
export function percentCell(share: number | null): string {
  return share === null ? '-' : (100 * share).toFixed(2);
}
