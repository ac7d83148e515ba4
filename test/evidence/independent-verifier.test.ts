import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  encodeKeySet,
  type PublishedKey,
  parseKeySet,
  preAuthEncoding,
  type Signer,
  signerOf,
  signStatement,
  statementPayloadType,
  verifyEvidence,
} from '@lethe/evidence';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/lethe-process.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { sampleCertificate, sampleStatements } from './sample-evidence.ts';

const verifier = fileURLToPath(new URL('verify.py', import.meta.url));
const schemas = fileURLToPath(new URL('../../packages/evidence/schemas', import.meta.url));
const now = new Date('2026-06-01T00:00:00.000Z');
const issued = new Date('2026-05-01T00:00:00.000Z');

const names = ['good', 'compromised', 'retired', 'expired', 'late'] as const;
const signers = Object.fromEntries(names.map((name) => [name, newSigner()])) as Record<
  (typeof names)[number],
  Signer
>;
const stranger = newSigner();

function newSigner(): Signer {
  return signerOf(generateKeyPairSync('ed25519').privateKey);
}

function published(name: (typeof names)[number], change: Partial<PublishedKey> = {}): PublishedKey {
  const { keyId, publicKey } = signers[name];
  return { keyId, publicKey, notBefore: '2026-01-01T00:00:00.000Z', ...change };
}

const keySet = encodeKeySet([
  published('good'),
  published('compromised', {
    revokedTime: '2026-05-20T00:00:00.000Z',
    revocationReason: 'compromised',
  }),
  published('retired', { revokedTime: '2026-05-20T00:00:00.000Z', revocationReason: 'retired' }),
  published('expired', { notAfter: '2026-04-01T00:00:00.000Z' }),
  published('late', { notBefore: '2026-05-02T00:00:00.000Z' }),
]);

/** Evidence good and bad, by what was done to it. */
function* files(random: () => number): Generator<[string, Buffer]> {
  const pick = (below: number) => Math.floor(random() * below);
  for (let seed = 0; seed < 50; seed++) {
    for (const statement of sampleStatements(seed, issued)) {
      yield ['good', Buffer.from(signStatement(statement, signers.good))];
    }
  }
  const good = Buffer.from(signStatement(sampleCertificate(7, issued), signers.good));
  for (let at = 0; at < 550; at++) {
    const bytes = Buffer.from(good);
    const where = pick(bytes.length);
    switch (at % 5) {
      case 0:
        bytes[where]! ^= 1 << pick(8);
        yield ['one bit changed', bytes];
        break;
      case 1:
        bytes[where] = pick(256);
        yield ['one byte changed', bytes];
        break;
      case 2:
        yield ['cut short', bytes.subarray(0, where)];
        break;
      case 3:
        yield [
          'a byte too many',
          Buffer.concat([
            bytes.subarray(0, where),
            Buffer.from([pick(128)]),
            bytes.subarray(where),
          ]),
        ];
        break;
      default:
        yield ['two bytes exchanged', exchanged(bytes, where, pick(bytes.length))];
    }
  }
  for (let seed = 0; seed < 20; seed++) {
    const statement = sampleCertificate(seed, issued);
    const future = sampleCertificate(seed, new Date('2026-06-01T00:06:00.000Z'));
    yield ['strange key', Buffer.from(signStatement(statement, stranger))];
    yield ['compromised key', Buffer.from(signStatement(statement, signers.compromised))];
    yield ['retired key', Buffer.from(signStatement(statement, signers.retired))];
    yield [
      'retired key, later',
      Buffer.from(signStatement(sampleCertificate(seed, new Date('2026-05-21')), signers.retired)),
    ];
    yield ['expired key', Buffer.from(signStatement(statement, signers.expired))];
    yield ['key of later', Buffer.from(signStatement(statement, signers.late))];
    yield ['from the future', Buffer.from(signStatement(future, signers.good))];
    yield ['another key names itself the good one', renamed(signStatement(statement, stranger))];
    for (const [what, change] of wrongContents) {
      yield [what, signedText(change(JSON.parse(JSON.stringify(statement))))];
    }
  }
}

interface LooseStatement extends Record<string, unknown> {
  readonly predicate: Record<string, unknown>;
}

const wrongContents: readonly [string, (statement: LooseStatement) => string][] = [
  [
    'a field missing',
    ({ predicate: { claim, ...predicate }, ...rest }) => JSON.stringify({ ...rest, predicate }),
  ],
  ['a field too many', (statement) => JSON.stringify({ ...statement, subject_name: 'Jane' })],
  [
    'a claim too far',
    ({ predicate, ...rest }) =>
      JSON.stringify({ ...rest, predicate: { ...predicate, claim: 'proven' } }),
  ],
  ['another kind', (statement) => JSON.stringify({ ...statement, predicateType: 'urn:other' })],
  ['no statement', () => '[]'],
  ['no JSON', () => '{"_type": NaN}'],
];

function signedText(text: string): Buffer {
  const payload = Buffer.from(text);
  const sig = Buffer.from(signers.good.sign(preAuthEncoding(statementPayloadType, payload)));
  return Buffer.from(
    JSON.stringify({
      payloadType: statementPayloadType,
      payload: payload.toString('base64'),
      signatures: [{ keyid: signers.good.keyId, sig: sig.toString('base64') }],
    }),
  );
}

function exchanged(bytes: Buffer, a: number, b: number): Buffer {
  [bytes[a], bytes[b]] = [bytes[b]!, bytes[a]!];
  return bytes;
}

function renamed(envelope: string): Buffer {
  return Buffer.from(envelope.replace(stranger.keyId, signers.good.keyId));
}

test('a verifier in Python that shares no code agrees on more than 1,000 good and bad files', () => {
  using folder = temporaryFolder();
  const keyFile = join(folder.path, 'keys.json');
  writeFileSync(keyFile, keySet);
  mkdirSync(join(folder.path, 'files'));
  const keys = parseKeySet(keySet);
  const ours: string[] = [];
  const paths: string[] = [];
  const kinds = new Map<string, Set<string>>();
  for (const [what, bytes] of files(seededRandom(7))) {
    const path = join(folder.path, 'files', `${paths.length}.json`);
    writeFileSync(path, bytes);
    paths.push(path);
    const { kind } = verifyEvidence(bytes, keys, now);
    ours.push(`${kind}\t${path}`);
    kinds.set(what, (kinds.get(what) ?? new Set()).add(kind));
  }
  expect(paths.length).toBeGreaterThan(1_000);
  const theirs = execFileSync(
    'python3',
    [verifier, keyFile, schemas, ...paths, '--now', now.toISOString()],
    { encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  const differing = theirs
    .trimEnd()
    .split('\n')
    .flatMap((line, at) => (line === ours[at] ? [] : [[ours[at], line]]));
  expect(differing).toEqual([]);
  const found = Object.fromEntries([...kinds].map(([what, seen]) => [what, [...seen].sort()]));
  expect(found).toMatchObject({
    good: ['valid'],
    'strange key': ['unknown_key'],
    'compromised key': ['revoked_key'],
    'retired key': ['valid'],
    'retired key, later': ['revoked_key'],
    'expired key': ['outside_key_validity'],
    'key of later': ['outside_key_validity'],
    'from the future': ['from_the_future'],
    'another key names itself the good one': ['bad_signature'],
    'a field missing': ['malformed'],
    'a field too many': ['malformed'],
    'a claim too far': ['malformed'],
    'another kind': ['malformed'],
    'no statement': ['malformed'],
    'no JSON': ['malformed'],
  });
  for (const what of ['one bit changed', 'cut short', 'a byte too many']) {
    expect(kinds.get(what), what).not.toContain('revoked_key');
  }
});
