/** A fraction as a percentage with two digits, for example `91.73 %`. */
export function percent(fraction: number | undefined): string {
  return fraction === undefined || Number.isNaN(fraction)
    ? '–'
    : `${(100 * fraction).toFixed(2)} %`;
}

/** A difference of fractions in points, signed, for example `−0.41`. */
export function points(difference: number): string {
  const text = Math.abs(100 * difference).toFixed(2);
  return difference < 0 && text !== '0.00' ? `−${text}` : `+${text}`;
}

export function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}

/** `1.5 MiB` */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

export function shortDigest(digest: string): string {
  return digest.slice(0, 12);
}

/** `1 request`, `2 requests`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
