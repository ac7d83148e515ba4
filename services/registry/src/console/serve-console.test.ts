import { setTimeout as sleep } from 'node:timers/promises';
import type { History, RequestPage, Session } from '@lethe/console';
import { DeletionStatus, RequestState, sha256, topics } from '@lethe/contracts';
import {
  CallGuard,
  encodeEvent,
  type Log,
  type Role,
  readIdentities,
  silentLog,
} from '@lethe/service-kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRegistryService, type RegistryService } from '../service.ts';
import { commitCandidate, openRegistryHome, type RegistryHome } from '../testing/registry-home.ts';

const people: Readonly<Record<string, readonly Role[]>> = {
  alice: ['operator'],
  bob: ['approver'],
  carol: ['auditor'],
  shop: ['emitter'],
};
const tokenOf = (name: string) => `the-token-of-${name}`;
const allIdentities = (names = Object.keys(people)) =>
  readIdentities(
    JSON.stringify({
      identities: names.map((name) => ({
        name,
        roles: people[name],
        token_sha256: [sha256(tokenOf(name))],
      })),
    }),
  );

let home: RegistryHome;
let registry: RegistryService | undefined;
let identities = allIdentities();
beforeEach(async () => {
  home = await openRegistryHome();
  identities = allIdentities();
});
afterEach(async () => {
  await registry?.[Symbol.asyncDispose]();
  registry = undefined;
  await home[Symbol.asyncDispose]();
});

/** Starts a registry with a console. @returns its origin */
async function serve(
  options: { open?: boolean; sessionMs?: number; log?: Log } = {},
): Promise<string> {
  const { open = false, sessionMs = 60_000, log = silentLog } = options;
  registry = createRegistryService({
    ...home,
    console: { address: '127.0.0.1:0', sessionMs, traceUrl: '' },
    security: {
      guard: open ? new CallGuard() : new CallGuard({ current: async () => identities }),
      allowInsecure: false,
    },
    log,
    onFatal: (error) => {
      throw error;
    },
  });
  await registry.start();
  return `http://${registry.consoleAddress()}`;
}

const posted = { 'content-type': 'application/json', 'x-lethe-console': '1' };

function bearer(name: string) {
  return { authorization: `Bearer ${tokenOf(name)}` };
}

async function signIn(origin: string, name: string): Promise<string> {
  const body = JSON.stringify({ token: tokenOf(name) });
  const answer = await fetch(`${origin}/api/session`, { method: 'POST', headers: posted, body });
  expect(answer.status).toBe(200);
  return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
}

async function sessionOf(origin: string, cookie = ''): Promise<Session> {
  return (await (await fetch(`${origin}/api/session`, { headers: { cookie } })).json()) as Session;
}

describe('the page', () => {
  it('comes at every address with headers that keep it to itself, and its files for ever', async () => {
    const origin = await serve();
    for (const path of ['/', '/models/m1', '/requests?show=open']) {
      const answer = await fetch(origin + path);
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(answer.headers.get('content-security-policy')).not.toContain('unsafe');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      const html = await answer.text();
      for (const [, path] of html.matchAll(/(?:href|src)="([^"]+)"/g)) {
        const file = await fetch(origin + path);
        expect([path, file.status]).toEqual([path, 200]);
        expect(file.headers.get('cache-control')).toContain('immutable');
      }
    }
    expect((await fetch(`${origin}/assets/0000/main.js`)).status).toBe(404);
    expect((await fetch(origin, { method: 'DELETE' })).status).toBe(404);
  });
});

describe('a session', () => {
  it('begins with a token, holds its roles, and cannot be read by scripts or other sites', async () => {
    const origin = await serve();
    expect(await sessionOf(origin)).toMatchObject({ kind: 'unknown', may: [] });
    const body = JSON.stringify({ token: tokenOf('alice') });
    const answer = await fetch(`${origin}/api/session`, { method: 'POST', headers: posted, body });
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^lethe=[\w-]+; Path=\/; Max-Age=60; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(tokenOf('alice'));
    const session = await sessionOf(origin, cookie.split(';')[0]);
    expect(session).toMatchObject({ kind: 'known', name: 'alice', isApprover: false });
    expect(session.may).toContain('ReleaseService.rollback');
    expect(session.may).not.toContain('RequestService.denyRequest');
  });

  it('does not begin with a wrong token', async () => {
    const origin = await serve();
    const body = JSON.stringify({ token: 'a-guess' });
    const answer = await fetch(`${origin}/api/session`, { method: 'POST', headers: posted, body });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(await answer.text()).not.toContain('a-guess');
  });

  it('outlives a restart, and ends with its time, its token or by signing out', async () => {
    let origin = await serve();
    const cookie = await signIn(origin, 'alice');
    await registry?.[Symbol.asyncDispose]();
    origin = await serve();
    expect(await sessionOf(origin, cookie)).toMatchObject({ kind: 'known' });
    const out = await fetch(`${origin}/api/session/end`, { method: 'POST', headers: posted });
    expect(out.headers.get('set-cookie')).toContain('lethe=; Path=/; Max-Age=0');
    identities = allIdentities(['bob']);
    const answer = await fetch(`${origin}/api/overview`, { headers: { cookie } });
    expect([answer.status, await answer.json()]).toEqual([
      401,
      expect.objectContaining({ type: 'urn:lethe:error:unauthenticated' }),
    ]);
    identities = allIdentities();
    await registry?.[Symbol.asyncDispose]();
    origin = await serve({ sessionMs: 50 });
    const brief = await signIn(origin, 'alice');
    await sleep(60);
    expect(await sessionOf(origin, brief)).toMatchObject({ kind: 'unknown' });
  });

  it('that was tampered with is none', async () => {
    const origin = await serve();
    const cookie = await signIn(origin, 'alice');
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const others = Array.from(alphabet, (last) => cookie.slice(0, -1) + last);
    const wrong = ['lethe=', 'lethe=x', `lethe=${tokenOf('alice')}`, ...others];
    for (const each of wrong.filter((each) => each !== cookie)) {
      expect(await sessionOf(origin, each)).toMatchObject({ kind: 'unknown' });
    }
  });
});

describe('the API', () => {
  it.each([
    ['carol', '/api/models/m1/rollback', { sequence: 1, reason: 'x' }, 403],
    ['alice', '/api/models/m1/rollback', { sequence: 1, reason: 'x', override: true }, 403],
    ['alice', '/api/requests/deny', { requestId: 'x' }, 403],
    ['shop', '/api/dead-letters/drop', { id: 'x' }, 403],
    ['alice', '/api/models/m1/rollback', { sequence: 'one' }, 400],
    ['alice', '/api/models/m1/rollback', { sequence: 7, reason: '' }, 400],
    ['alice', '/api/models/m1/rollback', { sequence: 7, reason: 'x' }, 404],
    ['alice', '/api/models/nobody/rollback', { sequence: 7, reason: 'x' }, 404],
    ['carol', '/api/callbacks/replay', { id: 'x' }, 403],
    ['shop', '/api/callbacks/replay', { id: 'x' }, 400],
    ['shop', '/api/callbacks/replay', { id: 'a'.repeat(64) }, 404],
    ['alice', '/api/nothing', {}, 404],
  ])('%s posting %s %j gets %i', async (name, path, body, status) => {
    const origin = await serve();
    const answer = await fetch(origin + path, {
      method: 'POST',
      headers: { ...posted, ...bearer(name) },
      body: JSON.stringify(body),
    });
    expect([answer.status, await answer.json()]).toEqual([
      status,
      expect.objectContaining({ status, detail: expect.stringMatching(/./) }),
    ]);
  });

  it.each([
    ['/api/overview', 'shop', 403],
    ['/api/overview', 'nobody', 401],
    ['/api/requests?show=open', 'shop', 200],
    ['/api/requests?show=nonsense', 'carol', 400],
    ['/api/requests?limit=100000', 'carol', 400],
    ['/api/requests?page=1%27%20OR%201', 'carol', 400],
    ['/api/requests/no-uuid', 'carol', 400],
    ['/api/models/..%2F..%2Fetc', 'carol', 400],
    ['/api/models/%E0%A4%A', 'carol', 404],
    ['/api/models/m1/rounds/1', 'carol', 404],
    ['/api/models/m1/rounds/-1', 'carol', 400],
    ['/api/dead-letters?show=__proto__', 'carol', 400],
    ['/api/report?year=2026&law=ccpa', 'carol', 200],
    ['/api/report?year=2026', 'shop', 403],
    ['/api/report?year=2026&law=__proto__', 'carol', 400],
    ['/api/report?year=', 'carol', 400],
    ['/api/callbacks', 'shop', 200],
    ['/api/callbacks?emitter=crm', 'shop', 403],
    ['/api/callbacks?show=__proto__', 'carol', 400],
    ['/api/callbacks?page=..', 'carol', 400],
    ['/api/audit-log/checkpoint', 'carol', 404],
    ['/api/keys', 'shop', 200],
  ])('GET %s for %s: %i', async (path, name, status) => {
    const origin = await serve();
    expect((await fetch(origin + path, { headers: bearer(name) })).status).toBe(status);
  });

  it('tells the log of a refusal by its route: what was asked for may hold anything', async () => {
    const lines: string[] = [];
    const warn: Log['warn'] = (message, fields) =>
      void lines.push(JSON.stringify({ message, ...fields }));
    const origin = await serve({ log: { ...silentLog, warn } });
    await fetch(`${origin}/api/models/some-secret`, { headers: bearer('shop') });
    await expect.poll(() => lines.join()).toContain('"method":"/api/models/:model"');
    expect(lines.join()).not.toContain('some-secret');
  });

  it('does nothing that another site asks for through a browser', async () => {
    const origin = await serve({ open: true });
    const body = JSON.stringify({ sequence: 0, reason: 'x' });
    const post = async (headers: Record<string, string>) => {
      const path = `${origin}/api/models/m1/rollback`;
      return (await fetch(path, { method: 'POST', headers, body })).status;
    };
    expect(await post({ 'content-type': 'application/json' })).toBe(403);
    expect(await post({ ...posted, origin: 'https://evil.example' })).toBe(403);
    expect(await post({ ...posted, 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await post({ ...posted, 'content-type': 'text/plain' })).toBe(400);
    // Refused for what it asks: it serves already.
    expect(await post({ ...posted, origin })).toBe(409);
  });

  it('without identities answers to no name that somebody else may have pointed here', async () => {
    const origin = await serve({ open: true });
    const { port } = new URL(origin);
    const { request } = await import('node:http');
    const status = await new Promise((resolve) => {
      const headers = { host: `evil.example:${port}` };
      request({ host: '127.0.0.1', port, path: '/api/overview', headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      }).end();
    });
    expect(status).toBe(403);
  });

  it('pages requests by deadline, and shows an emitter its own only', async () => {
    const origin = await serve();
    const status = (at: number, emitter: string) =>
      DeletionStatus.fromPartial({
        requestId: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
        emitter,
        modelKey: 'm1',
        state: RequestState.REQUEST_STATE_ACCEPTED,
        time: new Date(),
        deadline: new Date(Date.UTC(2030, 0, 40 - at)),
      });
    const statuses = Array.from({ length: 5 }, (_, at) => status(at, at === 0 ? 'crm' : 'shop'));
    await home.bus.publish(
      statuses.map((each) => encodeEvent(topics.deletionStatus, 'm1', DeletionStatus, each)),
    );
    const page = async (query: string, name = 'carol') => {
      const answer = await fetch(`${origin}/api/requests?${query}`, { headers: bearer(name) });
      return (await answer.json()) as RequestPage;
    };
    await expect.poll(async () => (await page('show=open')).total).toBe(5);
    const seen: string[] = [];
    for (let next = ''; ; ) {
      const found = await page(`show=open&limit=2&page=${next}`);
      seen.push(...found.requests.map(({ requestId }) => requestId.slice(-1)));
      next = found.next;
      if (next === '') break;
    }
    expect(seen.join('')).toBe('43210');
    expect((await page('show=every&limit=2')).requests.map((r) => r.requestId.slice(-1))).toEqual([
      '4',
      '3',
    ]);
    expect(await page('show=open', 'shop')).toMatchObject({ total: 4 });
    expect(await page('show=overdue')).toMatchObject({ total: 0 });
    expect(await page('show=accepted&model=m1')).toMatchObject({ total: 5 });
  });

  it('tells a watcher within a moment that something changed, and what it is now when asked', async () => {
    const origin = await serve();
    const gone = new AbortController();
    const stream = await fetch(`${origin}/api/changes`, {
      headers: bearer('carol'),
      signal: gone.signal,
    });
    const events: string[] = [];
    const reading = (async () => {
      for await (const part of stream.body ?? []) events.push(Buffer.from(part).toString());
    })().catch(() => {});
    await expect.poll(() => events.join()).toContain('event: hello');
    const { modelVerdict } = topics;
    const { ModelVerdict } = await import('@lethe/contracts');
    const verdict = await commitCandidate(home, { sequence: 1 });
    await home.bus.publish([encodeEvent(modelVerdict, 'm1', ModelVerdict, verdict)]);
    await expect.poll(() => events.join()).toContain('{"kind":"model","modelKey":"m1"}');
    await expect.poll(() => events.join()).toContain('{"kind":"audit-log"}');
    const answer = await fetch(`${origin}/api/models/m1/history`, { headers: bearer('carol') });
    expect((await answer.json()) as History).toMatchObject({
      servingSequence: 1,
      before: 0,
      entries: [{ kind: 'round', sequence: 1, state: 'serving', outcome: 'pass' }],
    });
    gone.abort();
    await reading;
  });
});
