import { generateKeyPairSync } from 'node:crypto';
import { sha256 } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { checkpointStatement } from './checkpoint.ts';
import { preAuthEncoding } from './dsse.ts';
import { encodeKeySet, parseKeySet } from './key-set.ts';
import { signerOf, signStatement } from './signer.ts';
import { verifyEvidence } from './verify.ts';

const now = new Date('2026-06-01T00:00:00.000Z');
const signer = signerOf(generateKeyPairSync('ed25519').privateKey);
const other = signerOf(generateKeyPairSync('ed25519').privateKey);
const keys = parseKeySet(
  encodeKeySet([
    { keyId: signer.keyId, publicKey: signer.publicKey, notBefore: '2026-01-01T00:00:00.000Z' },
  ]),
);
const statement = checkpointStatement({ size: 3, head: sha256('x') }, now);
const envelope = signStatement(statement, signer);

function verdict(text: string | Uint8Array): string {
  return verifyEvidence(Buffer.from(text), keys, now).kind;
}

describe('verifyEvidence', () => {
  it('believes what a published key signed, and gives the statement', () => {
    expect(verifyEvidence(Buffer.from(envelope), keys, now)).toEqual({
      kind: 'valid',
      keyId: signer.keyId,
      statement,
    });
  });

  it('believes a signer whose clock is some minutes ahead, and none from the future', () => {
    const inMinutes = (minutes: number) => {
      const time = new Date(now.getTime() + minutes * 60_000);
      return signStatement(checkpointStatement({ size: 3, head: sha256('x') }, time), signer);
    };
    expect(verdict(inMinutes(5))).toBe('valid');
    expect(verdict(inMinutes(6))).toBe('from_the_future');
  });

  it('signs the bytes that DSSE says', () => {
    expect(
      Buffer.from(
        preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world')),
      ).toString(),
    ).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });

  it('needs one good signature of several, wherever it stands', () => {
    const { signatures, ...rest } = JSON.parse(envelope);
    const strange = { keyid: other.keyId, sig: signatures[0].sig };
    expect(verdict(JSON.stringify({ ...rest, signatures: [strange, ...signatures] }))).toBe(
      'valid',
    );
    expect(verdict(JSON.stringify({ ...rest, signatures: [strange] }))).toBe('unknown_key');
  });

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['a list', '[]'],
    ['no signature', JSON.stringify({ ...JSON.parse(envelope), signatures: [] })],
    ['a field too many', JSON.stringify({ ...JSON.parse(envelope), more: 1 })],
    ['white space in base64', envelope.replace('"payload":"', '"payload":" ')],
    ['another payload type', envelope.replace('in-toto', 'other')],
    ['bytes that are no UTF-8', Buffer.concat([Buffer.from([0xff]), Buffer.from(envelope)])],
    ['a byte order mark', `\ufeff${envelope}`],
  ])('calls %s malformed', (_, text) => {
    expect(verdict(text)).toBe('malformed');
  });

  it('accepts the URL-safe alphabet of base64', () => {
    const { signatures, payload, ...rest } = JSON.parse(envelope);
    const safe = (text: string) => text.replaceAll('+', '-').replaceAll('/', '_');
    const text = JSON.stringify({
      ...rest,
      payload: safe(payload),
      signatures: [{ ...signatures[0], sig: safe(signatures[0].sig) }],
    });
    expect(verdict(text)).toBe('valid');
  });
});

describe('parseKeySet', () => {
  const good = JSON.parse(encodeKeySet(keys.values()));
  it.each([
    ['no JSON', 'x', /is not JSON/],
    ['no list', '{}', /keys is no list/],
    ['an id that is not of its key', { key_id: '0'.repeat(64) }, /keys\[0\]\.key_id/],
    ['another algorithm', { algorithm: 'rsa' }, /keys\[0\]\.algorithm/],
    ['a short key', { public_key: 'AAAA' }, /keys\[0\]\.public_key/],
    ['no beginning', { not_before: undefined }, /keys\[0\]\.not_before/],
    ['a time in another form', { not_after: '2026-01-01' }, /keys\[0\]\.not_after/],
  ])('refuses %s, naming the field', (_, change, expected) => {
    const text =
      typeof change === 'string'
        ? change
        : JSON.stringify({ keys: [{ ...good.keys[0], ...change }] });
    expect(() => parseKeySet(text)).toThrow(expected);
  });
});
