import { LetheError } from '@lethe/contracts';
import type { Identity } from './identity.ts';
import { isRole, type Role, roles } from './role.ts';

/** Whom tokens and certificates stand for. */
export interface Identities {
  /** By the SHA-256 of the token, hexadecimal. */
  readonly byToken: ReadonlyMap<string, Identity>;
  /** By a name in the certificate: `CN=…`, `DNS:…`, `URI:…`. */
  readonly byCertificate: ReadonlyMap<string, Identity>;
}

const form =
  'Write {"identities":[{"name":"shop","roles":["emitter"],"token_sha256":["…"],"certificates":["CN=shop"]}]}.';
const namePattern = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;
const digestPattern = /^[0-9a-f]{64}$/;
const certificatePattern = /^(CN=|DNS:|URI:).+$/;

/**
 * Reads the identities file (JSON). Tokens stand in it as their SHA-256, so that it tells nobody a
 * token; they are 256 random bits, for which a plain hash is enough.
 *
 * @throws LetheError `invalid` naming the place in the file
 */
export function readIdentities(text: string): Identities {
  const entries = field(parse(text), 'identities');
  if (!Array.isArray(entries) || entries.length === 0) {
    throw LetheError.invalid('identities', entries, 'must be a list, not empty', form);
  }
  const byToken = new Map<string, Identity>();
  const byCertificate = new Map<string, Identity>();
  const names = new Set<string>();
  for (const [at, entry] of entries.entries()) {
    const place = `identities[${at}]`;
    const identity = readIdentity(entry, place);
    if (names.has(identity.name)) {
      throw LetheError.invalid(`${place}.name`, identity.name, 'is there twice', 'Merge the two.');
    }
    names.add(identity.name);
    const tokens = texts(
      entry,
      'token_sha256',
      place,
      digestPattern,
      'is no SHA-256 (lethe token)',
    );
    const certificates = texts(
      entry,
      'certificates',
      place,
      certificatePattern,
      'is no CN=, DNS: or URI: name',
    );
    if (tokens.length + certificates.length === 0) {
      throw LetheError.invalid(place, identity.name, 'has no way to prove itself', form);
    }
    add(byToken, tokens, identity, `${place}.token_sha256`);
    add(byCertificate, certificates, identity, `${place}.certificates`);
  }
  return { byToken, byCertificate };
}

function readIdentity(entry: unknown, place: string): Identity & { kind: 'known' } {
  const name = field(entry, 'name');
  if (typeof name !== 'string' || !namePattern.test(name)) {
    const rule = 'must be 1 to 64 of a-z, 0-9, ".", "_" and "-"';
    throw LetheError.invalid(`${place}.name`, name, rule, form);
  }
  const given = field(entry, 'roles');
  const known: Role[] = Array.isArray(given) ? given.filter(isRole) : [];
  if (!Array.isArray(given) || given.length === 0 || known.length < given.length) {
    const rule = 'must be a list of roles';
    throw LetheError.invalid(`${place}.roles`, given, rule, `Use some of ${roles.join(', ')}.`);
  }
  return { kind: 'known', name, roles: known };
}

function texts(
  entry: unknown,
  name: string,
  place: string,
  pattern: RegExp,
  rule: string,
): readonly string[] {
  const given = field(entry, name) ?? [];
  if (!Array.isArray(given)) {
    throw LetheError.invalid(`${place}.${name}`, given, 'must be a list', form);
  }
  for (const [at, each] of given.entries()) {
    if (typeof each === 'string' && pattern.test(each)) continue;
    throw LetheError.invalid(`${place}.${name}[${at}]`, each, rule, form);
  }
  return given;
}

function add(
  to: Map<string, Identity>,
  keys: readonly string[],
  identity: Identity,
  place: string,
): void {
  for (const key of keys) {
    if (to.has(key)) throw LetheError.invalid(place, key, 'stands for two', 'Give each its own.');
    to.set(key, identity);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw LetheError.invalid('identities', `${text.length} characters`, 'are no JSON', form);
  }
}

function field(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? (of as Record<string, unknown>)[name] : undefined;
}
