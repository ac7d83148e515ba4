import { DeletionRequest } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { incoming } from './incoming-request.ts';
import { parseRequest } from './parse-request.ts';
import { requestDigest } from './request-digest.ts';

const base = {
  requestId: '3f0b7c1e-8f43-4a2e-9f0e-0a4b6a1f2d11',
  modelKey: 'm1',
  scope: { kind: { $case: 'samples' as const, value: { ids: ['a', 'b'], sha256: [] } } },
};

function digest(
  change: object = {},
  now = '2026-03-01T12:00:00Z',
  secret: Uint8Array = Buffer.alloc(32, 1),
) {
  const request = DeletionRequest.fromPartial({ ...base, ...change });
  const context = { now: new Date(now), statedEmitter: undefined, defaultEmitter: 'default' };
  return requestDigest(parseRequest(incoming(request), context), secret);
}

describe('requestDigest', () => {
  it('is the same when the same is said in another way, or later', () => {
    const reordered = { scope: { kind: { $case: 'samples', value: { ids: ['b', 'a', 'a'] } } } };
    expect(digest(reordered)).toBe(digest());
    expect(digest({ emitter: 'default', regulation: 1 })).toBe(digest());
    expect(digest({}, '2026-03-02T00:00:00Z')).toBe(digest());
  });

  it('says nothing to whoever lacks the secret (P6)', () => {
    expect(digest({}, undefined, Buffer.alloc(32, 2))).not.toBe(digest());
  });

  it.each([
    ['model', { modelKey: 'm2' }],
    ['emitter', { emitter: 'other' }],
    ['scope', { scope: { kind: { $case: 'samples', value: { ids: ['a'] } } } }],
    ['kind of scope', { scope: { kind: { $case: 'subject', value: 'a' } } }],
    ['mode', { mode: 2 }],
    ['regulation', { regulation: 2 }],
    ['time', { submittedTime: new Date('2026-02-01') }],
  ])('changes with the %s', (_, change) => {
    expect(digest(change)).not.toBe(digest());
  });
});
