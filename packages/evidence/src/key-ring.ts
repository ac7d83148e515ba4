/**
 * The signing keys of one installation: a folder with one PEM file per private key, and the key set
 * that is published.
 *
 * Invariants:
 * 1. A private key file exists before the key set names its key.
 * 2. Keys are never removed from the key set: old evidence needs them.
 * 3. Whoever changes the key set holds its lock from reading it to writing it: of changes made at
 *    once none is lost.
 */
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { LetheError } from '@lethe/contracts';
import { exclusively } from '@lethe/sqlite';
import {
  encodeKeySet,
  type KeySet,
  keyIdOf,
  type PublishedKey,
  parseKeySet,
  type RevocationReason,
} from './key-set.ts';
import { type Signer, signerFromPem } from './signer.ts';
import { strictTime } from './strict-time.ts';

const keySetName = 'key-set.json';
const digestKeyName = 'request-digest.key';
const lockName = 'key-set.lock';
/** After a rotation, processes may sign with the old key until they look again. */
const overlapMs = 5 * 60_000;
/** How soon a process notices a rotation or a revocation. */
const lookEveryMs = 5_000;

export class KeyRing {
  readonly #folder: string;
  #keys: KeySet;
  #signer: Signer | undefined;
  #digestKey: Uint8Array | undefined;
  #lookedAtMs = 0;
  #seenMs = 0;

  /**
   * Opens a folder of keys; makes folder and first key when there is none.
   *
   * @throws LetheError `precondition` when it cannot be read or made, `capacity` when the disk is
   *   full, `invalid` for broken files
   */
  static open(folder: string, now: Date): KeyRing {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const file = join(folder, keySetName);
      if (!isThere(file)) publishFirst(file, makeKey(folder, now));
      const ring = new KeyRing(folder);
      // Made here, not with the first request: then the disk may be full.
      ring.requestDigestKey();
      return ring;
    } catch (thrown) {
      throw translate(thrown, folder);
    }
  }

  private constructor(folder: string) {
    this.#folder = folder;
    this.#keys = this.#read();
  }

  /** Every key that ever signed, revoked ones included. */
  keys(): KeySet {
    this.#look();
    return this.#keys;
  }

  /**
   * The newest key that is neither revoked nor expired.
   *
   * @throws LetheError `precondition` when there is none
   */
  signer(now: Date): Signer {
    this.#look();
    this.#signer ??= this.#load(now);
    return this.#signer;
  }

  /**
   * A time for evidence signed now. Not before the key's beginning, should the clock have been set
   * back: such evidence would not be believed.
   */
  issueTime(now: Date): Date {
    const notBefore = this.#keys.get(this.signer(now).keyId)?.notBefore;
    const least = notBefore === undefined ? now : new Date(notBefore);
    return now < least ? least : now;
  }

  /**
   * Makes a new key and lets the present ones run out; the new one's id.
   *
   * @throws LetheError `unavailable` while others change the keys all the time; `precondition`,
   *   `capacity` when the folder cannot be written
   */
  rotate(now: Date): string {
    const notAfter = strictTime(new Date(now.getTime() + overlapMs));
    return this.#change((present) => {
      const next = makeKey(this.#folder, now);
      const running = [...present.values()].map((key) =>
        key.notAfter === undefined || key.notAfter > notAfter ? { ...key, notAfter } : key,
      );
      return { keys: [...running, next], result: next.keyId };
    });
  }

  /** @throws LetheError `not_found` for an unknown key; and as `rotate` */
  revoke(keyId: string, reason: RevocationReason, now: Date): void {
    this.#change((present) => {
      const matching = [...present.keys()].filter((id) => id.startsWith(keyId));
      const [found] = matching;
      const key = found === undefined ? undefined : present.get(found);
      if (key === undefined || matching.length > 1) {
        throw new LetheError(
          'not_found',
          `no single key begins with "${keyId}". See: lethe keys list`,
        );
      }
      const revokedTime = key.revokedTime ?? strictTime(now);
      const revoked = { ...key, revokedTime, revocationReason: reason };
      const keys = new Map(present).set(key.keyId, revoked);
      return { keys: [...keys.values()], result: undefined };
    });
  }

  /** Secret that keys the digests of requests; made when there is none. 32 bytes. */
  requestDigestKey(): Uint8Array {
    this.#digestKey ??= this.#readDigestKey();
    return this.#digestKey;
  }

  #readDigestKey(): Uint8Array {
    const file = join(this.#folder, digestKeyName);
    try {
      if (!isThere(file)) createWhole(file, randomBytes(32).toString('hex'));
      const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
      if (key.length >= 32) return key;
    } catch (thrown) {
      throw translate(thrown, this.#folder);
    }
    const remedy = 'Write one with: openssl rand -hex 32';
    throw new LetheError(
      'invalid',
      `${file} holds no secret of 32 bytes in hexadecimal. ${remedy}`,
    );
  }

  #load(now: Date): Signer {
    const time = strictTime(now);
    const usable = [...this.#keys.values()]
      .filter(
        ({ revokedTime, notAfter }) => revokedTime === undefined && !(notAfter && notAfter < time),
      )
      .sort((a, b) => (a.notBefore < b.notBefore ? 1 : -1));
    for (const { keyId } of usable) {
      const file = join(this.#folder, `${keyId}.pem`);
      if (isThere(file)) return signerFromPem(readFileSync(file, 'utf8'), file);
    }
    throw new LetheError(
      'precondition',
      `${this.#folder} has no key that may sign. Make one with: lethe keys rotate`,
    );
  }

  /** Reads the key set again when its file has changed. */
  #look(): void {
    const nowMs = performance.now();
    if (nowMs - this.#lookedAtMs < lookEveryMs && this.#lookedAtMs !== 0) return;
    this.#lookedAtMs = nowMs;
    const changedMs = statSync(join(this.#folder, keySetName)).mtimeMs;
    if (changedMs === this.#seenMs) return;
    this.#seenMs = changedMs;
    this.#keys = this.#read();
    this.#signer = undefined;
  }

  #read(): KeySet {
    return parseKeySet(readFileSync(join(this.#folder, keySetName), 'utf8'));
  }

  /** Invariant 3. */
  #change<T>(change: (present: KeySet) => { keys: readonly PublishedKey[]; result: T }): T {
    const file = join(this.#folder, keySetName);
    try {
      const result = exclusively(join(this.#folder, lockName), () => {
        const { keys, result } = change(this.#read());
        writeFileSync(`${file}.new`, encodeKeySet(keys), { flush: true });
        renameSync(`${file}.new`, file);
        syncFolder(this.#folder);
        return result;
      });
      this.#keys = this.#read();
      this.#signer = undefined;
      return result;
    } catch (thrown) {
      throw translate(thrown, this.#folder);
    }
  }
}

function makeKey(folder: string, now: Date): PublishedKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const publicKey = createPublicKey(privateKey);
  const keyId = keyIdOf(publicKey);
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' });
  writeFileSync(join(folder, `${keyId}.pem`), pem, { mode: 0o600, flag: 'wx', flush: true });
  syncFolder(folder);
  return { keyId, publicKey, notBefore: strictTime(now) };
}

/** Of two processes that begin at once, one publishes its key; the other one's stays unused. */
function publishFirst(file: string, key: PublishedKey): void {
  createWhole(file, encodeKeySet([key]));
}

/** A file appears whole or not at all; one that is there stays. */
function createWhole(file: string, text: string): void {
  const temporary = `${file}.${randomBytes(8).toString('hex')}`;
  writeFileSync(temporary, text, { mode: 0o600, flush: true });
  try {
    linkSync(temporary, file);
    syncFolder(dirname(file));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Puts the names in a folder on the disk. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function isThere(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

function translate(thrown: unknown, folder: string): LetheError {
  if (thrown instanceof LetheError) return thrown;
  const { code, message } = LetheError.from(thrown);
  return new LetheError(
    code === 'capacity' ? code : 'precondition',
    `keys in ${folder} cannot be used: ${message}`,
    { cause: thrown },
  );
}
