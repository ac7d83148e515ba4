import { createHash } from 'node:crypto';

/** UUIDs (version 8, RFC 9562) that follow from a seed and a counter. */
export function seededUuids(seed: string): () => string {
  let counter = 0;
  return () => {
    const hash = createHash('sha256').update(`${seed}/${counter++}`).digest('hex');
    const variant = ((Number.parseInt(hash.charAt(16), 16) & 0x3) | 0x8).toString(16);
    return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
  };
}
