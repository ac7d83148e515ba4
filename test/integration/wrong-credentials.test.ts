// Services that reach broker and store over TLS, with credentials out of files: with the right ones
// they work; one whose credentials are not taken ends at once and says why, so that whoever starts
// it anew, and whoever looks, sees what to mend.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CertificateAuthority } from '@lethe/service-kit/testing';
import { applyBucket } from '@lethe/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/lethe-process.ts';
import { KafkaCluster } from '../support/servers/kafka-cluster.ts';
import { MinioServer } from '../support/servers/minio-server.ts';
import { ownFiles, startService } from '../support/service-program.ts';

const folder = temporaryFolder();
const file = (name: string, text: string) => {
  writeFileSync(join(folder.path, name), text);
  return join(folder.path, name);
};
let kafka: KafkaCluster;
let minio: MinioServer;
let authority: CertificateAuthority;

beforeAll(async () => {
  authority = await CertificateAuthority.create();
  const server = await authority.issueServer();
  const pem = server.privateKey + server.certificate + authority.certificate;
  const module = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  [kafka, minio] = await Promise.all([
    KafkaCluster.start({
      clientProtocol: 'SASL_SSL',
      scramUsers: { lethe: 'right' },
      properties: {
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': file('keystore.pem', pem),
        'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
        'listener.name.client.scram-sha-512.sasl.jaas.config': module,
      },
    }),
    MinioServer.start({ certificate: server }),
  ]);
});
afterAll(async () => {
  await kafka?.[Symbol.asyncDispose]();
  await minio?.[Symbol.asyncDispose]();
  await authority?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const overKafka = (password: string) => [
  ...['--bus', `kafka:${kafka.bootstrap.join(',')}`, '--kafka-ca-file', authority.file],
  ...['--kafka-sasl', 'scram-sha-512', '--kafka-user', 'lethe'],
  ...['--kafka-password-file', file('password', password)],
];

const onMinio = (secretKey: string) => [
  ...['--store', `s3:${minio.url}/lethe`, '--store-ca-file', authority.file],
  ...['--store-access-key-file', file('access', minio.accessKey)],
  ...['--store-secret-key-file', file('secret', secretKey)],
];

/** Runs a service until it ends by itself. */
async function run(service: string, argv: readonly string[]) {
  const own = ownFiles(service, folder.path);
  const program = startService(service, [...own, ...argv], folder.path);
  return { code: await program.end, log: program.log() };
}

describe.each(['ingest', 'unlearner', 'evaluator', 'registry'])('the %s program', (service) => {
  it('ends where the broker refuses its password, and says so', async () => {
    const { code, log } = await run(service, [
      ...overKafka('wrong'),
      ...['--store', `folder:${join(folder.path, 'store')}`],
    ]);
    expect([code, log]).toEqual([70, expect.stringContaining('refuses user or password')]);
    expect(log).not.toContain('"wrong"');
  });

  it('ends where the store refuses its keys, and says so', async () => {
    const { code, log } = await run(service, [
      ...['--bus', `sqlite:${join(folder.path, 'bus.sqlite')}`],
      ...onMinio('not-the-secret'),
    ]);
    expect([code, log]).toEqual([
      70,
      expect.stringContaining('the secret key is not the right one'),
    ]);
    expect(log).not.toContain('not-the-secret');
  });
});

it('works with the right ones, all of it over TLS', async () => {
  const keys = { accessKey: minio.accessKey, secretKey: minio.secretKey };
  const address = { tls: true, host: minio.host, port: minio.port, bucket: 'lethe', prefix: '' };
  const ca = authority.certificate;
  const secrets = async () => ({ ...keys, ca });
  await applyBucket({ ...address, region: 'us-east-1', timeoutMs: 15_000, secrets });
  const argv = [...ownFiles('registry', folder.path), ...overKafka('right')];
  const program = startService('registry', [...argv, ...onMinio(keys.secretKey)], folder.path);
  await expect.poll(program.log).toContain('serving');
  program.child.kill('SIGTERM');
  expect([await program.end, program.log()]).toEqual([0, expect.not.stringContaining('"error"')]);
});
