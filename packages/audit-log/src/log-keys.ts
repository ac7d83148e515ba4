/** Entries of one pack. */
export const packSize = 1024;

const digits = 12;

export const packsPrefix = 'audit/packs/';
export const segmentsPrefix = 'audit/segments/';
export const checkpointsPrefix = 'audit/checkpoints/';

/** Entries `[pack · packSize, (pack + 1) · packSize)`. */
export function packKey(pack: number): string {
  return `${packsPrefix}${padded(pack)}`;
}

/** Entries from `index` on, as many as were appended at once; never beyond the end of a pack. */
export function segmentKey(index: number): string {
  return `${segmentsPrefix}${padded(index)}`;
}

/** The signed point after `size` entries. */
export function checkpointKey(size: number): string {
  return `${checkpointsPrefix}${padded(size)}.json`;
}

/** The number that a key ends with. */
export function numberOfKey(key: string): number {
  return Number(/(\d+)(?:\.json)?$/.exec(key)?.[1]);
}

function padded(value: number): string {
  return String(value).padStart(digits, '0');
}
