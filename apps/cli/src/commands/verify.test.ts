import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '@lethe/contracts';
import { checkpointStatement, KeyRing, signStatement } from '@lethe/evidence';
import { describe, expect, it } from 'vitest';
import { lethe, temporaryFolder } from '../../../../test/support/lethe-process.ts';

describe('lethe verify', () => {
  it('works alone: a file and the keys, and one of six exit reasons', async () => {
    using folder = temporaryFolder();
    const home = join(folder.path, 'home');
    const keys = join(folder.path, 'keys.json');
    const file = join(folder.path, 'evidence.json');
    const ring = KeyRing.open(join(home, 'keys'), new Date());
    const statement = checkpointStatement({ size: 1, head: sha256('x') }, new Date());
    const text = signStatement(statement, ring.signer(new Date()));
    writeFileSync(file, text);
    expect((await lethe(['keys', 'export', keys, '--home', home])).code).toBe(0);

    const good = await lethe(['verify', file, '--keys', keys, '--json']);
    expect(good.code).toBe(0);
    expect(JSON.parse(good.stdout)).toMatchObject({ verdict: 'valid', statement });
    expect((await lethe(['verify', file, '--keys', keys])).stdout).toMatch(/^valid: checkpoint of/);

    const bad = await lethe(
      ['verify', '-', '--keys', keys, '--json'],
      text.replace('"sig":"', '"sig":"AAAA'),
    );
    expect(bad.code).toBe(6);
    expect(JSON.parse(bad.stdout)).toMatchObject({ verdict: 'bad_signature' });

    const [keyId = ''] = ring.keys().keys();
    await lethe(['keys', 'revoke', keyId, '--reason', 'compromised', '--home', home]);
    await lethe(['keys', 'export', keys, '--home', home]);
    const revoked = await lethe(['verify', file, '--keys', keys]);
    expect(revoked).toMatchObject({ code: 6 });
    expect(revoked.stdout).toMatch(/not valid \(revoked_key\)/);

    const missing = await lethe(['verify', join(folder.path, 'none'), '--keys', keys]);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('none') });
    expect((await lethe(['verify', file, '--keys', file])).code).toBe(2);
  });
});
