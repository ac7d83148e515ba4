import { hash } from 'node:crypto';

declare const digestBrand: unique symbol;
/** Lower-case hexadecimal SHA-256, 64 characters. */
export type Digest = string & { readonly [digestBrand]: true };

export function sha256(bytes: Uint8Array | string): Digest {
  return hash('sha256', bytes, 'hex') as Digest;
}

export function isDigest(text: string): text is Digest {
  return /^[0-9a-f]{64}$/.test(text);
}
