import type { PeerCertificate } from 'node:tls';
import { sha256 } from '@lethe/contracts';
import { expect, test } from 'vitest';
import { identify } from './identify.ts';
import { readIdentities } from './read-identities.ts';

const digest = sha256('a token');
const shop = { name: 'shop', roles: ['emitter'], token_sha256: [digest] };

function read(...identities: readonly unknown[]) {
  return readIdentities(JSON.stringify({ identities }));
}

test('finds who a token or a certificate stands for', () => {
  const { byToken, byCertificate } = read(shop, {
    name: 'alice',
    roles: ['operator', 'approver'],
    certificates: ['CN=alice', 'URI:spiffe://example/alice'],
  });
  expect(byToken.get(digest)).toEqual({ kind: 'known', name: 'shop', roles: ['emitter'] });
  expect(byCertificate.get('URI:spiffe://example/alice')).toMatchObject({ name: 'alice' });
  expect(byCertificate.get('CN=shop')).toBeUndefined();
});

test('a certificate that an authority signed for somebody else stands for nobody', () => {
  const identities = read({ name: 'alice', roles: ['operator'], certificates: ['DNS:alice'] });
  const shown = (subjectaltname: string, CN: string) =>
    identify(identities, { certificate: { subject: { CN }, subjectaltname } as PeerCertificate });
  expect(shown('DNS:other, DNS:alice', 'x')).toMatchObject({ name: 'alice' });
  for (const [names, common] of [
    ['DNS:mallory', 'alice'],
    ['URI:alice', 'DNS:alice'],
    ['', ''],
  ] as const) {
    expect(() => shown(names, common)).toThrow(/is not in the identities file/);
  }
});

test.each([
  ['no list', '{"identities":{}}', 'identities'],
  ['no JSON', 'shop: emitter', 'no JSON'],
  ['nobody', '{"identities":[]}', 'not empty'],
])('refuses %s', (_, text, words) => {
  expect(() => readIdentities(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
  expect(() => readIdentities(text)).toThrow(words);
});

test.each([
  [[{ ...shop, name: 'The Shop' }], 'identities[0].name'],
  [[{ ...shop, roles: ['emitter', 'root'] }], 'identities[0].roles'],
  [[{ ...shop, roles: [] }], 'identities[0].roles'],
  [[{ ...shop, token_sha256: ['a token'] }], 'identities[0].token_sha256[0]'],
  [[{ ...shop, token_sha256: digest }], 'identities[0].token_sha256'],
  [[{ ...shop, certificates: ['shop'] }], 'identities[0].certificates[0]'],
  [[{ name: 'shop', roles: ['emitter'] }], 'no way to prove itself'],
  [[shop, shop], 'is there twice'],
  [[shop, { ...shop, name: 'crm' }], 'stands for two'],
])('refuses %j by its place', (identities, words) => {
  expect(() => read(...identities)).toThrow(words);
});
