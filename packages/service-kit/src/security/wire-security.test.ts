import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import {
  type DeletionRequest,
  IngestServiceClient,
  IngestServiceService,
  Receipt,
  sha256,
} from '@lethe/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../config/read-config.ts';
import { type ConnectOptions, connect } from '../grpc/connect.ts';
import { implementService } from '../grpc/implement-service.ts';
import { type GrpcServer, startGrpcServer } from '../grpc/server.ts';
import { type Log, silentLog } from '../log/log.ts';
import { CertificateAuthority, type IssuedCertificate } from '../testing/certificate-authority.ts';
import { securitySettings } from './security-settings.ts';
import { openSecurity, type WireSecurity } from './wire-security.ts';

let ca: CertificateAuthority;
let otherCa: CertificateAuthority;
let serverCertificate: IssuedCertificate;
let shopCertificate: IssuedCertificate;
let strangerCertificate: IssuedCertificate;
let identitiesFile: string;
const token = 'a-token-of-256-bits-as-it-were';

beforeAll(async () => {
  ca = await CertificateAuthority.create();
  otherCa = await CertificateAuthority.create();
  serverCertificate = await ca.issueServer();
  shopCertificate = await ca.issue('shop-1', ['URI:spiffe://example/shop']);
  strangerCertificate = await otherCa.issue('shop-1', ['URI:spiffe://example/shop']);
  identitiesFile = join(ca.folder, 'identities.json');
  const identities = [
    {
      name: 'shop',
      roles: ['emitter'],
      token_sha256: [sha256(token)],
      certificates: ['URI:spiffe://example/shop'],
    },
    { name: 'reader', roles: ['auditor'], token_sha256: [sha256('token-of-the-reader')] },
  ];
  await writeFile(identitiesFile, JSON.stringify({ identities }));
});

afterAll(async () => {
  await ca[Symbol.asyncDispose]();
  await otherCa[Symbol.asyncDispose]();
});

async function security(argv: readonly string[], log = silentLog): Promise<WireSecurity> {
  return await openSecurity(readConfig(securitySettings, { env: {}, argv }), log);
}

function tlsFlags(certificate = serverCertificate): string[] {
  return [`--tls-cert-file=${certificate.certFile}`, `--tls-key-file=${certificate.keyFile}`];
}

async function serve(protection: WireSecurity, log: Log = silentLog): Promise<GrpcServer> {
  const service = implementService(IngestServiceService, {
    submitDeletion: async (_: DeletionRequest, { identity }) =>
      Receipt.fromPartial({ emitter: identity.kind === 'known' ? identity.name : 'anyone' }),
    submitDeletions: async () => ({ results: [], signedReceipts: '' }),
  });
  return await startGrpcServer({
    address: '127.0.0.1:0',
    services: [service],
    log,
    security: protection,
  });
}

/** The name that the server knows the caller by. */
async function whoAmI(server: GrpcServer, options: ConnectOptions = {}): Promise<string> {
  const patience = { waitForReadyMs: 20_000, ...options };
  await using client = connect(IngestServiceClient, server.address, patience);
  return (await client.submitDeletion(emptyRequest)).emitter;
}

const emptyRequest = {
  requestId: '',
  emitter: '',
  modelKey: '',
  modelKeys: [] as string[],
  allModels: false,
  scope: undefined,
  regulation: 0,
  submittedTime: undefined,
  mode: 0,
  relabelTo: undefined,
} as const;

describe('gRPC over TLS', () => {
  it('knows a caller by token, or by a certificate that a client authority signed', async () => {
    const clientCa = `--tls-client-ca-file=${ca.file}`;
    const identities = `--identities-file=${identitiesFile}`;
    await using server = await serve(await security([...tlsFlags(), clientCa, identities]));
    const tls = { ca: ca.certificate };
    expect(await whoAmI(server, { tls, token })).toBe('shop');
    expect(await whoAmI(server, { tls: { ...tls, ...shopCertificate } })).toBe('shop');
    await expect(whoAmI(server, { tls })).rejects.toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('nothing says who calls'),
    });
    await expect(whoAmI(server, { tls, token: 'another' })).rejects.toMatchObject({
      code: 'unauthenticated',
      message: expect.not.stringContaining('another-'),
    });
    await expect(whoAmI(server, { tls, token: 'token-of-the-reader' })).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('reader has the role auditor'),
    });
  });

  it('believes no certificate of another authority', async () => {
    const flags = [`--tls-client-ca-file=${ca.file}`, `--identities-file=${identitiesFile}`];
    await using server = await serve(await security([...tlsFlags(), ...flags]));
    const tls = { ca: ca.certificate, ...strangerCertificate };
    await expect(whoAmI(server, { tls })).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('turns away who has no certificate, where one is required', async () => {
    const flags = [`--tls-client-ca-file=${ca.file}`, '--tls-require-client-certificate'];
    await using server = await serve(
      await security([...tlsFlags(), ...flags, `--identities-file=${identitiesFile}`]),
    );
    const tls = { ca: ca.certificate };
    expect(await whoAmI(server, { tls: { ...tls, ...shopCertificate } })).toBe('shop');
    await expect(whoAmI(server, { tls, token, waitForReadyMs: 2_000 })).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('is not talked to by a client that does not trust it, or speaks plaintext', async () => {
    await using server = await serve(await security(tlsFlags()));
    expect(await whoAmI(server, { tls: { ca: ca.certificate } })).toBe('anyone');
    for (const options of [{ tls: { ca: otherCa.certificate } }, { tls: {} }, {}]) {
      await expect(whoAmI(server, { ...options, waitForReadyMs: 2_000 })).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining(server.address),
      });
    }
  });

  it('shows a renewed certificate without a restart, and ignores one that does not fit', async () => {
    const [certFile, keyFile] = [join(ca.folder, 'live.pem'), join(ca.folder, 'live.key')];
    const use = async (certificate: IssuedCertificate) => {
      await copyFile(certificate.keyFile, keyFile);
      await copyFile(certificate.certFile, certFile);
    };
    await use(serverCertificate);
    const flags = [`--tls-cert-file=${certFile}`, `--tls-key-file=${keyFile}`];
    await using server = await serve(await security(flags));
    expect(await shownName(server)).toBe('server');
    await copyFile(shopCertificate.certFile, certFile);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await shownName(server)).toBe('server');
    await use(await ca.issueServer('renewed'));
    await expect.poll(() => shownName(server)).toBe('renewed');
    expect(await whoAmI(server, { tls: { ca: ca.certificate } })).toBe('anyone');
  });
});

async function shownName({ port }: GrpcServer): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connectTls(
      { host: '127.0.0.1', port, ca: ca.certificate, ALPNProtocols: ['h2'] },
      () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      },
    );
    socket.on('error', reject);
  });
}

describe('identities', () => {
  it('are read again when their file changes', async () => {
    const file = join(ca.folder, 'changing.json');
    const write = (text: string) =>
      writeFile(
        file,
        JSON.stringify({
          identities: [{ name: 'shop', roles: ['emitter'], token_sha256: [sha256(text)] }],
        }),
      );
    await write('the-old-one');
    await using server = await serve(await security([`--identities-file=${file}`]));
    expect(await whoAmI(server, { token: 'the-old-one' })).toBe('shop');
    await write('the-new-one-of-them');
    await expect
      .poll(() => whoAmI(server, { token: 'the-new-one-of-them' }).catch(() => ''))
      .toBe('shop');
    await expect(whoAmI(server, { token: 'the-old-one' })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it('that are refused are told to the log, without what they showed', async () => {
    const lines: string[] = [];
    const log: Log = {
      ...silentLog,
      warn: (message, fields) => void lines.push(JSON.stringify({ message, ...fields })),
    };
    await using server = await serve(await security([`--identities-file=${identitiesFile}`]), log);
    await whoAmI(server, { token: 'a-guess' }).catch(() => undefined);
    await whoAmI(server, { token: 'token-of-the-reader' }).catch(() => undefined);
    await expect.poll(() => lines.length).toBe(2);
    expect(lines[0]).toContain('"reason":"unauthenticated"');
    expect(lines[1]).toContain('"reason":"denied"');
    expect(lines.join()).toContain('/lethe.v1.IngestService/SubmitDeletion');
    expect(lines.join()).not.toContain('a-guess');
  });
});

describe('an address that other machines can reach', () => {
  const start = async (address: string, argv: readonly string[]) => {
    const protection = await security(argv);
    const options = { address, services: [], log: silentLog, security: protection };
    await using _ = await startGrpcServer(options);
  };

  it.each(['0.0.0.0:0', '[::]:0'])('%s needs TLS and identities', async (address) => {
    await expect(start(address, [])).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('without TLS and authentication'),
    });
    await expect(start(address, tlsFlags())).rejects.toThrow('without authentication');
    await expect(start(address, [`--identities-file=${identitiesFile}`])).rejects.toThrow(
      'without TLS',
    );
  });

  it('is taken with both, or where it is allowed', async () => {
    await start('0.0.0.0:0', [...tlsFlags(), `--identities-file=${identitiesFile}`]);
    await start('0.0.0.0:0', ['--listen-allow-insecure']);
  });
});

it('a token does not go to another machine in plaintext', () => {
  expect(() => connect(IngestServiceClient, 'lethe.example:7401', { token })).toThrow(
    expect.objectContaining({ code: 'invalid', message: expect.stringContaining('on the way') }),
  );
});

describe('settings that cannot work', () => {
  it.each([
    [() => [`--tls-cert-file=${serverCertificate.certFile}`], 'LETHE_TLS_KEY_FILE'],
    [() => ['--tls-require-client-certificate'], 'LETHE_TLS_CERT_FILE'],
    [() => [...tlsFlags(), '--tls-require-client-certificate'], 'LETHE_TLS_CLIENT_CA_FILE'],
    [() => ['--tls-cert-file=/nowhere.pem', '--tls-key-file=/nowhere.key'], '/nowhere.pem'],
    [
      () => tlsFlags({ ...serverCertificate, keyFile: shopCertificate.keyFile }),
      'Give PEM files that belong together',
    ],
    [() => ['--identities-file=/nowhere.json'], '/nowhere.json'],
  ])('are refused by name: %#', async (argv, words) => {
    await expect(security(argv())).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(words),
    });
  });

  it('says once that everybody may do everything', async () => {
    const lines: string[] = [];
    await security([], { ...silentLog, info: (message) => void lines.push(message) });
    expect(lines).toEqual([expect.stringContaining('whoever reaches this may do everything')]);
  });
});
