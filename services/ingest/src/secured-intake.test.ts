import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { DeletionRequest, IngestServiceClient, sha256 } from '@lethe/contracts';
import {
  connect,
  type Log,
  openSecurity,
  readConfig,
  securitySettings,
  silentLog,
  startGrpcServer,
  type WireSecurity,
} from '@lethe/service-kit';
import { CertificateAuthority, type IssuedCertificate } from '@lethe/service-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIngestService, type IngestService } from './service.ts';
import { type IntakeHome, openIntakeHome } from './testing/intake-home.ts';

const tokens = {
  shop: 'token-of-shop',
  crm: 'token-of-crm',
  ops: 'token-of-ops',
  eye: 'token-of-eye',
};

let ca: CertificateAuthority;
let certificate: IssuedCertificate;
let home: IntakeHome;
let security: WireSecurity;
let service: IngestService;
const warnings: string[] = [];
const log: Log = {
  ...silentLog,
  warn: (message, fields) => void warnings.push(JSON.stringify({ message, ...fields })),
};

beforeAll(async () => {
  ca = await CertificateAuthority.create();
  certificate = await ca.issue('shop-certificate');
  const server = await ca.issueServer();
  const identitiesFile = join(ca.folder, 'identities.json');
  const identities = [
    {
      name: 'shop',
      roles: ['emitter'],
      token_sha256: [sha256(tokens.shop)],
      certificates: ['CN=shop-certificate'],
    },
    { name: 'crm', roles: ['emitter'], token_sha256: [sha256(tokens.crm)] },
    { name: 'ops', roles: ['operator'], token_sha256: [sha256(tokens.ops)] },
    { name: 'eye', roles: ['auditor'], token_sha256: [sha256(tokens.eye)] },
  ];
  await writeFile(identitiesFile, JSON.stringify({ identities }));
  const argv = [
    `--tls-cert-file=${server.certFile}`,
    `--tls-key-file=${server.keyFile}`,
    `--tls-client-ca-file=${ca.file}`,
    `--identities-file=${identitiesFile}`,
  ];
  security = await openSecurity(readConfig(securitySettings, { env: {}, argv }), silentLog);
  home = await openIntakeHome();
  service = createIngestService({
    ...home,
    httpAddress: '0.0.0.0:0',
    defaultEmitter: 'default',
    security,
    log,
  });
  await service.start();
});

afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
  await ca[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

async function send(
  method: string,
  path: string,
  body: unknown,
  options: RequestOptions = {},
): Promise<Answer> {
  const port = Number(service.httpAddress()?.split(':').at(-1));
  return await new Promise((resolve, reject) => {
    const sent = httpsRequest(
      { host: '127.0.0.1', port, path, method, ca: ca.certificate, ...options },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(pieces).toString(),
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function bearer(token: string): RequestOptions {
  return { headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } };
}

function deletion(change: object = {}) {
  return { request_id: randomUUID(), model_key: 'm1', scope: { subject: 'user-1' }, ...change };
}

describe('intake over HTTPS', () => {
  it('knows an emitter by its token, and gives its name to what it sends', async () => {
    const answer = await send('POST', '/v1/deletions', deletion(), bearer(tokens.shop));
    expect(answer.status).toBe(202);
    expect(JSON.parse(answer.text)).toMatchObject({ emitter: 'shop' });
  });

  it('knows an emitter by its certificate', async () => {
    const options = {
      headers: { 'content-type': 'application/json' },
      cert: certificate.certificate,
      key: certificate.privateKey,
    };
    const answer = await send('POST', '/v1/deletions', deletion(), options);
    expect(JSON.parse(answer.text)).toMatchObject({ emitter: 'shop' });
  });

  it.each(['/v1/deletions', '/cloudevents', '/opendsr/v1/requests'])(
    '%s is for callers that are known and may',
    async (path) => {
      const json = { headers: { 'content-type': 'application/json' } };
      const nobody = await send('POST', path, deletion(), json);
      expect(nobody.status).toBe(401);
      expect(nobody.headers['www-authenticate']).toBe('Bearer');
      expect(nobody.headers['content-type']).toContain('application/problem+json');
      expect((await send('POST', path, deletion(), bearer('a-guess'))).status).toBe(401);
      const auditor = await send('POST', path, deletion(), bearer(tokens.eye));
      expect(auditor.status).toBe(403);
      expect(auditor.text).toContain('eye has the role auditor');
    },
  );

  it('refuses an emitter that states another one, in the body or beside it', async () => {
    const inBody = deletion({ emitter: 'crm' });
    const answer = await send('POST', '/v1/deletions', inBody, bearer(tokens.shop));
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('this caller is shop');
    const { headers } = bearer(tokens.shop);
    const beside = { headers: { ...headers, 'x-lethe-emitter': 'crm' } };
    expect((await send('POST', '/v1/deletions', deletion(), beside)).status).toBe(403);
  });

  it('lets an operator send for any emitter', async () => {
    const sent = deletion({ emitter: 'legacy-system' });
    const answer = await send('POST', '/v1/deletions', sent, bearer(tokens.ops));
    expect(JSON.parse(answer.text)).toMatchObject({ emitter: 'legacy-system' });
  });

  it('keeps the ids of emitters apart: neither blocks nor learns of the other', async () => {
    const first = deletion();
    const other = { ...first, scope: { subject: 'user-2' } };
    const mine = await send('POST', '/v1/deletions', first, bearer(tokens.shop));
    const theirs = await send('POST', '/v1/deletions', other, bearer(tokens.crm));
    expect([mine.status, theirs.status]).toEqual([202, 202]);
    expect(JSON.parse(theirs.text)).toMatchObject({ emitter: 'crm' });
  });

  it('tells health to everybody', async () => {
    expect((await send('GET', '/readyz', undefined)).status).toBe(200);
    expect((await send('GET', '/healthz', undefined)).status).toBe(200);
  });
});

it('over gRPC, too, an emitter speaks for itself only', async () => {
  await using server = await startGrpcServer({
    address: '127.0.0.1:0',
    services: service.grpc,
    security,
    log: silentLog,
  });
  const options = { tls: { ca: ca.certificate }, token: tokens.shop };
  await using client = connect(IngestServiceClient, server.address, options);
  const request = (emitter: string) =>
    DeletionRequest.fromPartial({
      requestId: randomUUID(),
      emitter,
      modelKey: 'm1',
      scope: { kind: { $case: 'subject', value: 'user-1' } },
    });
  expect(await client.submitDeletion(request(''))).toMatchObject({ emitter: 'shop' });
  await expect(client.submitDeletion(request('crm'))).rejects.toMatchObject({ code: 'denied' });
  const { results } = await client.submitDeletions({ requests: [request('shop'), request('crm')] });
  expect(results.map(({ result }) => result?.$case)).toEqual(['receipt', 'error']);
  expect(warnings.filter((line) => line.includes('SubmitDeletions'))).toEqual([
    expect.stringContaining('this caller is shop'),
  ]);
});

it('refuses an HTTP address that other machines can reach unprotected', async () => {
  await using other = await openIntakeHome();
  await using unprotected = createIngestService({
    ...other,
    httpAddress: '0.0.0.0:0',
    defaultEmitter: 'default',
    log: silentLog,
  });
  await expect(unprotected.start()).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('HTTP address'),
  });
});
