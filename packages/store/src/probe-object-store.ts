/**
 * Proves that a store honours conditional writes, on which all of Lethe's promises rest. Some
 * servers that speak S3 do not: docs/decisions/0004 names versions.
 */
import { randomUUID } from 'node:crypto';
import { LetheError } from '@lethe/contracts';
import type { ObjectStore, WriteCondition } from './object-store.ts';

export interface ProbeFinding {
  /** What must hold, as a sentence. */
  readonly check: string;
  readonly held: boolean;
  /** What was seen, where it does not hold. */
  readonly detail: string;
  /** Whether it does not hold for want of an answer: an overloaded server may answer next time. */
  readonly isUnanswered: boolean;
}

/** One check under a prefix of its own; gives what is wrong, or nothing. */
type Check = (store: ObjectStore, prefix: string) => Promise<string | undefined>;

const racers = 32;
/** How often a store is tried that leaves checks without an answer. */
const probeAttempts = 3;

/** A store that fails it is down, full or denies access: that says nothing of its conditions. */
const reachable = 'what is put can be read';

const checks: Readonly<Record<string, Check>> = {
  [reachable]: async (store, prefix) => {
    const key = `${prefix}reachable`;
    await store.put(key, bytesOf('hello'));
    const found = await textAt(store, key);
    return found === 'hello' ? undefined : `${found} was read`;
  },
  [`of ${racers} writers of an absent key, one wins`]: async (store, prefix) => {
    return await race(store, `${prefix}absent`, { kind: 'if-absent' });
  },
  [`of ${racers} writers that match the same version, one wins`]: async (store, prefix) => {
    const key = `${prefix}match`;
    const first = await store.put(key, bytesOf('first'));
    if (first.kind === 'refused') return 'a write without condition was refused';
    return await race(store, key, { kind: 'if-match', etag: first.etag });
  },
  'a write that matches a stale version is refused': async (store, prefix) => {
    const key = `${prefix}stale`;
    const first = await store.put(key, bytesOf('first'));
    await store.put(key, bytesOf('second'));
    if (first.kind === 'refused') return 'a write without condition was refused';
    return await refusal(store, key, { kind: 'if-match', etag: first.etag }, 'second');
  },
  'a write that matches a missing key is refused': async (store, prefix) => {
    const first = await store.put(`${prefix}other`, bytesOf('first'));
    if (first.kind === 'refused') return 'a write without condition was refused';
    const condition = { kind: 'if-match', etag: first.etag } as const;
    return await refusal(store, `${prefix}missing`, condition, undefined);
  },
  'a listing shows what was just put': async (store, prefix) => {
    const key = `${prefix}listed`;
    await store.put(key, bytesOf('here'));
    return (await keysOf(store, key)).includes(key) ? undefined : 'it does not';
  },
  'a deletion takes the object away': async (store, prefix) => {
    const key = `${prefix}deleted`;
    await store.put(key, bytesOf('gone'));
    await store.deleteAllVersions(key);
    if ((await store.get(key)) !== undefined) return 'it can still be read';
    return (await keysOf(store, key)).includes(key) ? 'it is still listed' : undefined;
  },
  'a deletion leaves no version behind': async (store, prefix) => {
    const key = `${prefix}versions`;
    await store.put(key, bytesOf('weights that remember'));
    await store.put(key, bytesOf('weights that have forgotten'));
    await store.deleteAllVersions(key);
    const left = await store.deleteAllVersions(key);
    return left === 0 ? undefined : `${left} were left`;
  },
};

/** Runs every check under `probe/<random>/` and removes what it wrote, as far as it can. */
export async function probeObjectStore(store: ObjectStore): Promise<ProbeFinding[]> {
  const prefix = `probe/${randomUUID()}/`;
  const findings: ProbeFinding[] = [];
  for (const [name, check] of Object.entries(checks)) {
    const finding = await tried(name, () => check(store, prefix));
    findings.push(finding);
    if (name === reachable && !finding.held) return findings;
  }
  await removeAll(store, prefix).catch(() => undefined);
  return findings;
}

/**
 * For the start of a service.
 *
 * @throws LetheError `precondition` naming every check that does not hold; what the store itself
 *   throws, `unavailable` for one, when it can be neither written nor read
 */
export async function requireConformance(store: ObjectStore): Promise<void> {
  let failed: ProbeFinding[] = [];
  for (let attempt = 1; attempt <= probeAttempts; attempt++) {
    // When it is down, that is what it is said to be.
    await touch(store);
    failed = (await probeObjectStore(store)).filter((finding) => !finding.held);
    if (failed.length === 0) return;
    if (!failed.every(({ isUnanswered }) => isUnanswered)) break;
  }
  await touch(store);
  const reasons = failed.map(({ check, detail }) => `not so that ${check}: ${detail}`).join('; ');
  throw new LetheError(
    'precondition',
    `this object store cannot be relied on (${reasons}). Use one that honours conditional writes and deletes for good`,
  );
}

async function tried(
  name: string,
  check: () => Promise<string | undefined>,
): Promise<ProbeFinding> {
  try {
    const wrong = await check();
    return { check: name, held: wrong === undefined, detail: wrong ?? '', isUnanswered: false };
  } catch (thrown) {
    const { code, message } = LetheError.from(thrown);
    return { check: name, held: false, detail: message, isUnanswered: code === 'unavailable' };
  }
}

async function touch(store: ObjectStore): Promise<void> {
  const key = `probe/${randomUUID()}/touch`;
  await store.put(key, bytesOf('hello'));
  await store.get(key);
  // Whether it deletes is for the checks to say.
  await store.deleteAllVersions(key).catch(() => undefined);
}

async function removeAll(store: ObjectStore, prefix: string): Promise<void> {
  for (const key of await keysOf(store, prefix)) await store.deleteAllVersions(key);
}

async function race(
  store: ObjectStore,
  key: string,
  condition: WriteCondition,
): Promise<string | undefined> {
  const entrants = Array.from({ length: racers }, (_, index) => bytesOf(`racer ${index}`));
  const outcomes = await Promise.all(entrants.map((bytes) => store.put(key, bytes, condition)));
  const winners = outcomes.flatMap(({ kind }, index) => (kind === 'stored' ? [index] : []));
  if (winners.length !== 1) return `${winners.length} won`;
  const present = await textAt(store, key);
  return present === `racer ${winners[0]}` ? undefined : `${present} is there, not the winner`;
}

async function refusal(
  store: ObjectStore,
  key: string,
  condition: WriteCondition,
  untouched: string | undefined,
): Promise<string | undefined> {
  const outcome = await store.put(key, bytesOf('intruder'), condition);
  if (outcome.kind === 'stored') return 'it was stored';
  return (await textAt(store, key)) === untouched ? undefined : 'it was refused, and written';
}

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

async function textAt(store: ObjectStore, key: string): Promise<string | undefined> {
  const stored = await store.get(key);
  return stored === undefined ? undefined : new TextDecoder().decode(stored.bytes);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
