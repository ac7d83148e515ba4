import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeletionStatus, RequestState } from '@lethe/contracts';
import {
  checkpointStatement,
  KeyRing,
  requestStatusStatement,
  signStatement,
} from '@lethe/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCallback } from './read-callback.ts';

const now = new Date('2026-02-01T00:00:00Z');
const folder = mkdtempSync(join(tmpdir(), 'lethe-read-callback-'));
let ring: KeyRing;
let body: string;

const status = DeletionStatus.fromPartial({
  requestId: '3f0b7c1e-8f43-4a2e-9f0e-0a4b6a1f2d11',
  emitter: 'shop',
  modelKey: 'm1',
  state: RequestState.REQUEST_STATE_COMPLETED,
  time: now,
  deadline: now,
});

beforeAll(() => {
  ring = KeyRing.open(join(folder, 'keys'), new Date('2026-01-01T00:00:00Z'));
  body = signStatement(requestStatusStatement(status, now), ring.signer(now));
});
afterAll(() => rmSync(folder, { recursive: true }));

const read = (bytes: string, change: { emitter?: string; now?: Date } = {}) =>
  readCallback(Buffer.from(bytes), { keys: ring.keys(), emitter: 'shop', now, ...change });

describe('a callback, as its receiver reads it', () => {
  it('says where a request stands', () => {
    expect(read(body)).toMatchObject({ request_id: status.requestId, state: 'completed' });
  });

  it('is not believed when it was changed, recorded long ago, or meant for somebody else', () => {
    const forged = JSON.parse(body) as { payload: string };
    const payload = Buffer.from(forged.payload, 'base64')
      .toString()
      .replace('completed', 'cancelled');
    forged.payload = Buffer.from(payload).toString('base64');
    expect(() => read(JSON.stringify(forged))).toThrow(/is not believed/);
    expect(() => read(body, { now: new Date(now.getTime() + 301_000) })).toThrow(/too long ago/);
    expect(() => read(body, { emitter: 'bank' })).toThrow(/is for emitter shop/);
    expect(() => read('hello')).toThrow(expect.objectContaining({ code: 'denied' }));
  });

  it('is no other evidence of the same keys', () => {
    const other = checkpointStatement({ size: 1, head: 'a'.repeat(64) } as never, now);
    expect(() => read(signStatement(other, ring.signer(now)))).toThrow(/denied|no status/);
  });
});
