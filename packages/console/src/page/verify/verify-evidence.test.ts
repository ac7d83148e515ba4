import { generateKeyPairSync } from 'node:crypto';
import { sha256 } from '@lethe/contracts';
import {
  checkpointStatement,
  encodeKeySet,
  parseKeySet,
  signerOf,
  signStatement,
  verifyEvidence as verifyInNode,
} from '@lethe/evidence';
import { expect, it } from 'vitest';
import { type PublishedKey, verifyEvidence } from './verify-evidence.ts';

const now = new Date('2026-06-01T00:00:00.000Z');
const signer = signerOf(generateKeyPairSync('ed25519').privateKey);
const stranger = signerOf(generateKeyPairSync('ed25519').privateKey);

function keySet(change: object = {}): string {
  const { keyId, publicKey } = signer;
  const key = { keyId, publicKey, notBefore: '2026-01-01T00:00:00.000Z', ...change };
  return encodeKeySet([key]);
}

const issuedAt = (time: Date, by = signer) =>
  signStatement(checkpointStatement({ size: 3, head: sha256('x') }, time), by);
const good = issuedAt(now);
const envelope = JSON.parse(good);
const flip = (text: string, at: number) =>
  text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);

it.each([
  ['a good one', good, {}, 'valid'],
  ['one of another key', issuedAt(now, stranger), {}, 'unknown_key'],
  [
    'a changed payload',
    JSON.stringify({ ...envelope, payload: flip(envelope.payload, 40) }),
    {},
    'bad_signature',
  ],
  [
    'a changed signature',
    JSON.stringify({
      ...envelope,
      signatures: [{ ...envelope.signatures[0], sig: flip(envelope.signatures[0].sig, 3) }],
    }),
    {},
    'bad_signature',
  ],
  [
    'a compromised key',
    good,
    { revokedTime: '2026-09-01T00:00:00.000Z', revocationReason: 'compromised' },
    'revoked_key',
  ],
  [
    'a key that retired later',
    good,
    { revokedTime: '2026-09-01T00:00:00.000Z', revocationReason: 'retired' },
    'valid',
  ],
  [
    'a key that retired before',
    good,
    { revokedTime: '2026-03-01T00:00:00.000Z', revocationReason: 'retired' },
    'revoked_key',
  ],
  [
    'a key that had run out',
    good,
    { notAfter: '2026-02-01T00:00:00.000Z' },
    'outside_key_validity',
  ],
  [
    'a key from before its time',
    good,
    { notBefore: '2026-07-01T00:00:00.000Z' },
    'outside_key_validity',
  ],
  ['a signer whose clock is ahead', issuedAt(new Date('2026-06-01T00:04:00.000Z')), {}, 'valid'],
  ['the future', issuedAt(new Date('2026-06-01T00:06:00.000Z')), {}, 'from_the_future'],
  ['nothing', '', {}, 'malformed'],
  ['a picture', '\u0089PNG\r\n\u001a\n', {}, 'malformed'],
  ['JSON of something else', '{"a":1}', {}, 'malformed'],
  ['a field too many', JSON.stringify({ ...envelope, more: 1 }), {}, 'malformed'],
  ['a byte order mark', `\ufeff${good}`, {}, 'malformed'],
  ['base64 with white space', good.replace('"payload":"', '"payload":" '), {}, 'malformed'],
  ['another payload type', good.replace('in-toto', 'other'), {}, 'malformed'],
])('calls %s what lethe verify calls it', async (_, text, change, expected) => {
  const keys = keySet(change);
  const bytes = Buffer.from(text);
  const published = (JSON.parse(keys) as { keys: PublishedKey[] }).keys;
  expect((await verifyEvidence(bytes, published, now)).kind).toBe(expected);
  expect(verifyInNode(bytes, parseKeySet(keys), now).kind).toBe(expected);
});
