import { createPublicKey, type KeyObject } from 'node:crypto';
import { isDigest, LetheError, sha256 } from '@lethe/contracts';
import { isStrictTime } from './strict-time.ts';

/**
 * `compromised`: nothing that the key ever signed is believed, since whoever has it may write any
 * time. `retired`: what was signed before the revocation stays good.
 */
export type RevocationReason = 'compromised' | 'retired';

/** A public key as it is published. Times are RFC 3339 in UTC with milliseconds. */
export interface PublishedKey {
  /** Hexadecimal SHA-256 of the raw public key. */
  readonly keyId: string;
  readonly publicKey: KeyObject;
  readonly notBefore: string;
  readonly notAfter?: string;
  readonly revokedTime?: string;
  readonly revocationReason?: RevocationReason;
}

/** Published keys by id. */
export type KeySet = ReadonlyMap<string, PublishedKey>;

/** What comes before the 32 raw bytes in the DER form of an Ed25519 public key (RFC 8410). */
const derPrefix = Buffer.from('302a300506032b6570032100', 'hex');

function rawPublicKey(publicKey: KeyObject): Buffer {
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(derPrefix.length);
}

export function keyIdOf(publicKey: KeyObject): string {
  return sha256(rawPublicKey(publicKey));
}

/** The key set as a file: JSON, keys in the order of their beginning. */
export function encodeKeySet(keys: Iterable<PublishedKey>): string {
  const sorted = [...keys].sort((a, b) =>
    `${a.notBefore}${a.keyId}` < `${b.notBefore}${b.keyId}` ? -1 : 1,
  );
  return `${JSON.stringify({ keys: sorted.map(keyToJson) }, null, 2)}\n`;
}

export function keyToJson(key: PublishedKey): Record<string, string> {
  return {
    key_id: key.keyId,
    algorithm: 'ed25519',
    public_key: rawPublicKey(key.publicKey).toString('base64'),
    not_before: key.notBefore,
    ...(key.notAfter === undefined ? {} : { not_after: key.notAfter }),
    ...(key.revokedTime === undefined ? {} : { revoked_time: key.revokedTime }),
    ...(key.revocationReason === undefined ? {} : { revocation_reason: key.revocationReason }),
  };
}

/** @throws LetheError `invalid` naming the field of the key that is wrong */
export function parseKeySet(text: string): KeySet {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw broken('', 'is not JSON');
  }
  const list = (json as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(list)) throw broken('keys', 'is no list');
  const keys = new Map<string, PublishedKey>();
  for (const [at, item] of list.entries()) {
    const key = parseKey(item, `keys[${at}]`);
    if (keys.has(key.keyId)) throw broken(`keys[${at}].key_id`, 'appears twice');
    keys.set(key.keyId, key);
  }
  return keys;
}

/** @throws LetheError `invalid` naming the field below `place` that is wrong */
function parseKey(json: unknown, place: string): PublishedKey {
  const fields = (json ?? {}) as Record<string, unknown>;
  if (fields['algorithm'] !== 'ed25519') throw broken(`${place}.algorithm`, 'is not ed25519');
  const raw = Buffer.from(String(fields['public_key']), 'base64');
  if (raw.length !== 32) throw broken(`${place}.public_key`, 'is not 32 bytes in base64');
  const keyId = String(fields['key_id']);
  if (!isDigest(keyId) || keyId !== sha256(raw)) {
    throw broken(`${place}.key_id`, 'is not the SHA-256 of public_key');
  }
  const reason = fields['revocation_reason'];
  if (reason !== undefined && reason !== 'compromised' && reason !== 'retired') {
    throw broken(`${place}.revocation_reason`, 'is neither compromised nor retired');
  }
  const time = (name: string) => timeOf(fields[name], `${place}.${name}`);
  const notBefore = time('not_before');
  if (notBefore === undefined) throw broken(`${place}.not_before`, 'is missing');
  const notAfter = time('not_after');
  const revokedTime = time('revoked_time');
  return {
    keyId,
    publicKey: createPublicKey({
      key: Buffer.concat([derPrefix, raw]),
      format: 'der',
      type: 'spki',
    }),
    notBefore,
    ...(notAfter === undefined ? {} : { notAfter }),
    ...(revokedTime === undefined ? {} : { revokedTime }),
    // A revocation that gives no reason is taken for the worse one.
    ...(revokedTime === undefined ? {} : { revocationReason: reason ?? 'compromised' }),
  };
}

function timeOf(value: unknown, field: string): string | undefined {
  if (value === undefined) return undefined;
  if (isStrictTime(value)) return value;
  throw broken(field, 'is not a time like 2026-01-31T09:30:00.000Z');
}

function broken(field: string, what: string): LetheError {
  const place = field === '' ? 'the key set' : `key set: ${field}`;
  return new LetheError('invalid', `${place} ${what}. Get the published key set anew.`, {
    violations: [{ field, value: '', description: what, remedy: 'Get it anew.' }],
  });
}
