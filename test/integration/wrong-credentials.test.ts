// A service whose broker or store does not take its credentials: it ends at once and says why, so
// that whoever starts it anew, and whoever looks, sees what to mend.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

beforeAll(async () => {
  const module = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  [kafka, minio] = await Promise.all([
    KafkaCluster.start({
      clientProtocol: 'SASL_PLAINTEXT',
      scramUsers: { lethe: 'right' },
      properties: {
        'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
        'listener.name.client.scram-sha-512.sasl.jaas.config': module,
      },
    }),
    MinioServer.start(),
  ]);
});
afterAll(async () => {
  await kafka?.[Symbol.asyncDispose]();
  await minio?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Runs a service until it ends by itself. */
async function run(service: string, argv: readonly string[]) {
  const own = ownFiles(service, folder.path);
  const program = startService(service, [...own, ...argv], folder.path);
  return { code: await program.end, log: program.log() };
}

describe.each(['ingest', 'unlearner', 'evaluator', 'registry'])('the %s program', (service) => {
  it('ends where the broker refuses its password, and says so', async () => {
    const { code, log } = await run(service, [
      ...['--bus', `kafka:${kafka.bootstrap.join(',')}`, '--kafka-sasl', 'scram-sha-512'],
      ...['--kafka-user', 'lethe', '--kafka-password-file', file('password', 'wrong')],
      ...['--store', `folder:${join(folder.path, 'store')}`],
    ]);
    expect([code, log]).toEqual([70, expect.stringContaining('refuses user or password')]);
    expect(log).not.toContain('"wrong"');
  });

  it('ends where the store refuses its keys, and says so', async () => {
    const { code, log } = await run(service, [
      ...['--bus', `sqlite:${join(folder.path, 'bus.sqlite')}`],
      ...['--store', `s3:${minio.url}/lethe`],
      ...['--store-access-key-file', file('access', minio.accessKey)],
      ...['--store-secret-key-file', file('secret', 'not-the-secret')],
    ]);
    expect([code, log]).toEqual([
      70,
      expect.stringContaining('the secret key is not the right one'),
    ]);
    expect(log).not.toContain('not-the-secret');
  });
});
