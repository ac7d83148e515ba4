import type { LookupAddress } from 'node:dns';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { CertificateAuthority } from '@lethe/service-kit/testing';
import { describe, expect, it } from 'vitest';
import { openCallbackReceiver } from '../testing/callback-receiver.ts';
import { readCallbackTargets } from './callback-targets.ts';
import { type PostOptions, postCallback } from './post-callback.ts';

const networks = ['127.0.0.0/8'];
const message = { body: '{}', headers: { 'content-type': 'application/json' } };

function targetOf(entry: object) {
  const text = JSON.stringify({ callbacks: [{ emitter: 'shop', ...entry }] });
  return readCallbackTargets(text).get('shop')!;
}

function post(entry: object, options: Partial<PostOptions> = {}) {
  const { signal } = new AbortController();
  return postCallback(targetOf(entry), message, { timeoutMs: 5_000, signal, ...options });
}

/** A resolver that answers each question with the next of its answers. */
function resolver(...answers: string[][]): { resolve: never; asked: () => number } {
  let asked = 0;
  const resolve = (
    _name: string,
    _options: object,
    done: (error: null, found: LookupAddress[]) => void,
  ) => {
    const found = answers[Math.min(asked++, answers.length - 1)] ?? [];
    done(
      null,
      found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { resolve: resolve as never, asked: () => asked };
}

describe('one call', () => {
  it('is delivered by any 2xx', async () => {
    await using receiver = await openCallbackReceiver();
    expect(await post({ url: receiver.url, networks })).toEqual({
      kind: 'delivered',
      httpStatus: 204,
    });
    expect(receiver.received[0]).toMatchObject({
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
  });

  it('follows no redirect', async () => {
    await using elsewhere = await openCallbackReceiver();
    await using receiver = await openCallbackReceiver(
      (response) => void response.writeHead(307, { location: elsewhere.url }).end(),
    );
    expect(await post({ url: receiver.url, networks })).toMatchObject({
      kind: 'failed',
      reason: 'answer',
      httpStatus: 307,
      problem: 'it answered 307; redirects are not followed',
    });
    expect(elsewhere.received).toEqual([]);
  });

  it('waits no longer than its time for an answer that never comes', async () => {
    await using receiver = await openCallbackReceiver(() => {});
    expect(await post({ url: receiver.url, networks }, { timeoutMs: 50 })).toMatchObject({
      reason: 'timeout',
      httpStatus: 0,
    });
  });

  it('reads nothing of an answer that has no end', async () => {
    await using receiver = await openCallbackReceiver((response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    expect((await post({ url: receiver.url, networks })).kind).toBe('delivered');
  });

  it('hears when it should come again', async () => {
    await using receiver = await openCallbackReceiver(
      (response) => void response.writeHead(503, { 'retry-after': '7' }).end(),
    );
    expect(await post({ url: receiver.url, networks })).toMatchObject({ retryAfterMs: 7_000 });
  });

  it('is refused where a name resolves to private addresses only', async () => {
    const { resolve } = resolver(['127.0.0.1', '169.254.169.254', '::ffff:10.0.0.1']);
    expect(await post({ url: 'https://shop.example/' }, { resolve })).toEqual({
      kind: 'failed',
      reason: 'address_refused',
      problem: 'shop.example has no address that may be called',
      httpStatus: 0,
    });
  });

  it('does not even knock at an address that may not be called', async () => {
    let knocks = 0;
    const server = createServer((socket) => {
      knocks += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://shop.example:${(server.address() as AddressInfo).port}/`;
    const { resolve } = resolver(['127.0.0.1']);
    const outcome = await post({ url }, { resolve });
    server.close();
    expect(outcome).toMatchObject({ reason: 'address_refused' });
    expect(knocks).toBe(0);
  });

  it('connects to the very address that was judged, whatever the name says a moment later', async () => {
    await using receiver = await openCallbackReceiver();
    const { port } = new URL(receiver.url);
    const { resolve, asked } = resolver(['127.0.0.1'], ['10.0.0.1']);
    const url = `http://shop.example:${port}/`;
    expect((await post({ url, networks }, { resolve })).kind).toBe('delivered');
    expect(asked()).toBe(1);
  });

  it('goes in plaintext to networks only that are named', async () => {
    const { resolve } = resolver(['93.184.216.34']);
    expect(await post({ url: 'http://shop.example/', networks }, { resolve })).toMatchObject({
      reason: 'address_refused',
    });
  });

  it('trusts a certificate of the authority that is named, and no other', async () => {
    await using ca = await CertificateAuthority.create();
    const { certificate, privateKey } = await ca.issueServer();
    const server = createTlsServer({ cert: certificate, key: privateKey }, (_, response) =>
      response.end(),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const trusted = await post({ url, networks, ca_file: ca.file });
    const unknown = await post({ url, networks });
    server.close();
    expect(trusted.kind).toBe('delivered');
    expect(unknown).toMatchObject({ reason: 'unreachable' });
  });

  it('tells no path of the URL when nobody listens', async () => {
    const outcome = await post({ url: 'http://127.0.0.1:1/secret-path', networks });
    expect(outcome).toMatchObject({ problem: 'it cannot be reached: ECONNREFUSED' });
  });
});
