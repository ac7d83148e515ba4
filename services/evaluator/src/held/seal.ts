import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { LetheError } from '@lethe/contracts';

/** A 256-bit key that only the evaluator has. */
export type HeldKey = Uint8Array & { readonly __heldKey: true };

const nonceBytes = 12;
const tagBytes = 16;

/** @throws LetheError `invalid` for anything but 32 bytes, or 64 hexadecimal digits */
export function parseHeldKey(bytes: Uint8Array): HeldKey {
  if (bytes.length === 32) return Uint8Array.from(bytes) as HeldKey;
  const text = Buffer.from(bytes).toString('utf8').trim();
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Uint8Array.from(Buffer.from(text, 'hex')) as HeldKey;
  throw LetheError.invalid(
    'held key',
    `${bytes.length} bytes`,
    'is no 256-bit key',
    'Write one with: openssl rand -hex 32',
  );
}

/**
 * AES-256-GCM (NIST SP 800-38D): nonce, ciphertext, tag. `context` is authenticated with it, so
 * that sealed bytes cannot be passed off as those of another place or time.
 */
export function seal(key: HeldKey, plain: Uint8Array, context: string): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws LetheError `precondition` when it was sealed with another key or context, or changed since */
export function unseal(key: HeldKey, sealed: Uint8Array, context: string): Uint8Array {
  try {
    const nonce = sealed.subarray(0, nonceBytes);
    const body = sealed.subarray(nonceBytes, sealed.length - tagBytes);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce)
      .setAAD(Buffer.from(context))
      .setAuthTag(sealed.subarray(sealed.length - tagBytes));
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch (cause) {
    throw new LetheError(
      'precondition',
      `${context} cannot be opened with this key: give the evaluator the key it was sealed with, or delete the held forget sets`,
      { cause },
    );
  }
}
