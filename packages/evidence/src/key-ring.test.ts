import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sha256 } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { checkpointStatement } from './checkpoint.ts';
import { KeyRing } from './key-ring.ts';
import { signStatement } from './signer.ts';
import { verifyEvidence } from './verify.ts';

const start = new Date('2026-01-01T00:00:00.000Z');
const later = new Date('2026-02-01T00:00:00.000Z');

function temporary(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'lethe-keys-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

function signed(ring: KeyRing, time: Date): Buffer {
  const statement = checkpointStatement({ size: 1, head: sha256('x') }, ring.issueTime(time));
  return Buffer.from(signStatement(statement, ring.signer(time)));
}

describe('KeyRing', () => {
  it('makes a folder with one key that only its owner reads, and finds it again', () => {
    using folder = temporary();
    const path = join(folder.path, 'a', 'keys');
    const { keyId } = KeyRing.open(path, start).signer(start);
    expect(statSync(join(path, `${keyId}.pem`)).mode & 0o777).toBe(0o600);
    expect(KeyRing.open(path, later).signer(later).keyId).toBe(keyId);
  });

  it('signs with the new key after a rotation; what the old one signed stays good', () => {
    using folder = temporary();
    const ring = KeyRing.open(folder.path, start);
    const before = signed(ring, start);
    const oldKey = ring.signer(start).keyId;
    const newKey = ring.rotate(later);
    expect(ring.signer(later).keyId).toBe(newKey);
    expect(newKey).not.toBe(oldKey);
    const after = signed(ring, later);
    for (const file of [before, after]) {
      expect(verifyEvidence(file, ring.keys(), later).kind).toBe('valid');
    }
  });

  it('is not signed with by what was revoked, and compromised keys lose all they signed', () => {
    using folder = temporary();
    const ring = KeyRing.open(folder.path, start);
    const before = signed(ring, start);
    ring.rotate(later);
    const [first] = [...ring.keys().keys()];
    ring.revoke(first!.slice(0, 12), 'retired', later);
    expect(verifyEvidence(before, ring.keys(), later).kind).toBe('valid');
    ring.revoke(first!, 'compromised', later);
    expect(verifyEvidence(before, ring.keys(), later).kind).toBe('revoked_key');
    ring.revoke(ring.signer(later).keyId, 'retired', later);
    expect(() => ring.signer(later)).toThrow(/no key that may sign.*lethe keys rotate/);
    expect(() => ring.revoke('zz', 'retired', later)).toThrow(/no single key begins with "zz"/);
  });

  it('signs evidence that is believed although the clock was set back', () => {
    using folder = temporary();
    const ring = KeyRing.open(folder.path, later);
    const file = signed(ring, start);
    expect(verifyEvidence(file, ring.keys(), later).kind).toBe('valid');
  });

  it('keeps one secret for request digests', () => {
    using folder = temporary();
    const key = KeyRing.open(folder.path, start).requestDigestKey();
    expect(key).toHaveLength(32);
    expect(KeyRing.open(folder.path, later).requestDigestKey()).toEqual(key);
    writeFileSync(join(folder.path, 'request-digest.key'), 'short');
    expect(() => KeyRing.open(folder.path, later).requestDigestKey()).toThrow(/openssl rand/);
  });

  it('leaves nothing half-written behind', () => {
    using folder = temporary();
    const ring = KeyRing.open(folder.path, start);
    ring.requestDigestKey();
    ring.rotate(later);
    const names = readdirSync(folder.path).map((name) => name.replace(/^[0-9a-f]{64}/, 'ID'));
    expect(names.sort()).toEqual([
      ...['ID.pem', 'ID.pem', 'key-set.json', 'key-set.lock', 'request-digest.key'],
    ]);
    expect(existsSync(join(folder.path, 'key-set.json.new'))).toBe(false);
  });

  it('loses no key when two processes rotate at once', async () => {
    using folder = temporary();
    KeyRing.open(folder.path, start);
    const rotations = 10;
    const processes = [1, 2].map(() => {
      const program = fileURLToPath(new URL('./testing/rotate-keys.ts', import.meta.url));
      const argv = ['--disable-warning=ExperimentalWarning', program, folder.path];
      const child = spawn(process.execPath, [...argv, String(rotations)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      return createInterface(child.stdout)[Symbol.asyncIterator]();
    });
    for (const lines of processes) expect((await lines.next()).value).toBe('ready');
    writeFileSync(join(folder.path, 'go'), '');
    const made: string[] = [];
    for (const lines of processes) {
      for (let line = await lines.next(); !line.done; line = await lines.next()) {
        made.push(line.value);
      }
    }
    expect(made).toHaveLength(2 * rotations);
    const keys = KeyRing.open(folder.path, later).keys();
    expect([...keys.keys()]).toEqual(expect.arrayContaining(made));
    expect(keys.size).toBe(1 + made.length);
    // The last one signs on; all others run out.
    const running = [...keys.values()].filter(({ notAfter }) => notAfter === undefined);
    expect(running).toHaveLength(1);
  });

  it('says what is wrong with a folder it cannot use', () => {
    using folder = temporary();
    writeFileSync(join(folder.path, 'file'), '');
    expect(() => KeyRing.open(join(folder.path, 'file'), start)).toThrowError(
      expect.objectContaining({ code: 'precondition' }),
    );
  });
});
