import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isInstalled } from '../../../scripts/servers/recipe.ts';
import { KafkaCluster } from '../../../test/support/servers/kafka-cluster.ts';
import { join as joinGroup, newName, openBus, readSome, record } from '../test/kafka-fixture.ts';
import { kafkajs } from './kafka/kafkajs.ts';
import type { KafkaBusOptions, KafkaSasl } from './kafka-bus.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const password = 'a long password';
const sasl = (username: string): KafkaSasl => ({
  mechanism: 'scram-sha-512',
  username,
  password,
});

describe.skipIf(!isInstalled('kafka'))('KafkaBus over TLS, with SCRAM and access rights', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-tls-'));
  let kafka: KafkaCluster;
  let ca: string;

  beforeAll(async () => {
    const keys = makeKeys(folder);
    ca = keys.ca;
    const module = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
    kafka = await KafkaCluster.start({
      clientProtocol: 'SASL_SSL',
      scramUsers: { admin: password, lethe: password, stranger: password },
      properties: {
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': keys.keystore,
        'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
        'listener.name.client.scram-sha-512.sasl.jaas.config': module,
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:admin;User:ANONYMOUS',
      },
    });
    await grantLethe();
  });
  afterAll(async () => {
    await kafka?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const open = (username: string, rest: Partial<KafkaBusOptions> = {}) =>
    openBus(kafka.bootstrap, { tls: { ca }, sasl: sasl(username), ...rest });

  /** The rights that docs/operations.md lists. */
  async function grantLethe(): Promise<void> {
    const admin = new kafkajs.Kafka({
      brokers: [...kafka.bootstrap],
      ssl: { ca },
      sasl: sasl('admin') as never,
      logLevel: kafkajs.logLevel.NOTHING,
    }).admin();
    await admin.connect();
    const grant = (resourceType: number, resourceName: string, operations: readonly number[]) =>
      operations.map((operation) => ({
        resourceType,
        resourceName,
        resourcePatternType: ResourcePatternTypes.PREFIXED,
        principal: 'User:lethe',
        host: '*',
        operation,
        permissionType: AclPermissionTypes.ALLOW,
      }));
    const { CREATE, READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS } = AclOperationTypes;
    await admin.createAcls({
      acl: [
        ...grant(AclResourceTypes.TOPIC, 'lethe.', [
          CREATE,
          READ,
          WRITE,
          DESCRIBE,
          DESCRIBE_CONFIGS,
        ]),
        ...grant(AclResourceTypes.GROUP, 'lethe.', [READ, DESCRIBE]),
        ...grant(AclResourceTypes.TRANSACTIONAL_ID, 'lethe/', [WRITE, DESCRIBE]),
      ],
    });
    await admin.disconnect();
  }

  it('works with the rights that the manual names, and no others', async () => {
    await using bus = await open('lethe');
    const [source, target] = [newName('lethe.in'), newName('lethe.out')];
    const specs = [source, target].map((name) => ({ name, partitions: 2, retentionMs: 3_600_000 }));
    await bus.ensureTopics(specs);
    expect(await bus.applyTopics(specs, { dryRun: true })).toMatchObject([
      { kind: 'as-wanted' },
      { kind: 'as-wanted' },
    ]);
    await bus.publish([record(source, 'a', 'x')]);
    const group = newName('lethe.g');
    const { given, fatal } = await joinGroup(bus, group, [source]);
    await expect.poll(() => given.length).toBe(2);
    const end = await bus.lag(group, [source]);
    const partition = given.find(({ partition: index }) => end[index]!.end > 0n)!;
    expect(await readSome(partition, 1)).toEqual(['x']);
    await partition.commit(1n, [record(target, 'a', 'y')]);
    expect(fatal).toEqual([]);
  });

  it('says at once that the broker refuses the password', async () => {
    const opening = open('lethe', { sasl: { ...sasl('lethe'), password: 'wrong' } });
    await expect(opening).rejects.toMatchObject({ code: 'precondition' });
    await expect(opening).rejects.toThrow(/refuses user or password/);
  });

  it('reads password and authority anew at every connection', async () => {
    const now: { password: string; ca: string | undefined } = { password, ca };
    await using bus = await open('lethe', {
      sasl: {
        ...sasl('lethe'),
        get password() {
          return now.password;
        },
      },
      tls: {
        get ca() {
          return now.ca as string;
        },
      },
    });
    const topic = newName('lethe.t');
    await bus.ensureTopics([{ name: topic, partitions: 1, retentionMs: 3_600_000 }]);
    // Every consumer makes connections of its own.
    now.password = 'the broker has another one';
    const { given, fatal } = await joinGroup(bus, newName('lethe.g'), [topic]);
    await expect
      .poll(() => fatal.map(({ message }) => message))
      .toEqual([expect.stringMatching(/refuses user or password/)]);
    now.password = password;
    await expect.poll(() => given.length).toBe(1);
    now.ca = undefined;
    const untrusting = await joinGroup(bus, newName('lethe.g'), [topic]);
    await expect
      .poll(() => untrusting.fatal.map(({ message }) => message))
      .toEqual([expect.stringMatching(/TLS connection is refused/)]);
    now.ca = ca;
    await expect.poll(() => untrusting.given.length).toBe(1);
  });

  it('says that it does not know the authority of the certificate', async () => {
    const opening = open('lethe', { tls: {} });
    await expect(opening).rejects.toMatchObject({ code: 'precondition' });
    await expect(opening).rejects.toThrow(/TLS connection is refused.*authority/);
  });

  it('does not get on where it speaks no TLS to a broker that does, and says so', async () => {
    const opening = openBus(kafka.bootstrap, { sasl: sasl('lethe') });
    await expect(opening).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('tells a stranger which right is missing', async () => {
    await using owner = await open('lethe');
    const topic = newName('lethe.t');
    await owner.ensureTopics([{ name: topic, partitions: 1, retentionMs: 3_600_000 }]);
    await using bus = await open('stranger');
    const other = { name: newName('lethe.new'), partitions: 1, retentionMs: 3_600_000 };
    await expect(bus.ensureTopics([other])).rejects.toMatchObject({ code: 'precondition' });
    const publishing = bus.publish([record(topic, 'a', 'x')]);
    await expect(publishing).rejects.toThrow(/no right on the topic/);
  });

  // kafkajs loses the broker's answer in both cases: all that can be said is what may be missing.
  it('hints at a missing right on the group', async () => {
    await using bus = await open('lethe');
    const topic = newName('lethe.t');
    await bus.ensureTopics([{ name: topic, partitions: 1, retentionMs: 3_600_000 }]);
    await joinGroup(bus, newName('others'), [topic]);
    await expect
      .poll(() => bus.interruption()?.message, { timeout: 60_000 })
      .toMatch(/user may lack the right to Describe it/);
  });

  it('hints at a missing right on the transactional id', async () => {
    await using bus = await open('lethe', { transactionalIdPrefix: 'others/' });
    const topic = newName('lethe.t');
    await bus.ensureTopics([{ name: topic, partitions: 1, retentionMs: 3_600_000 }]);
    const { retries } = await joinGroup(bus, newName('lethe.g'), [topic]);
    await expect
      .poll(() => retries.map(({ message }) => message), { timeout: 60_000 })
      .toContainEqual(expect.stringMatching(/user may lack the right to Describe it/));
  });
});

/** An authority, and a broker's key and certificate by it for 127.0.0.1. */
function makeKeys(folder: string): { readonly ca: string; readonly keystore: string } {
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const newKey = ['req', '-newkey', 'rsa:2048', '-nodes', '-subj'];
  openssl(
    ...[...newKey, '/CN=test authority', '-x509', '-days', '2'],
    ...['-keyout', file('ca.key'), '-out', file('ca.pem')],
  );
  openssl(...newKey, '/CN=broker', '-keyout', file('broker.key'), '-out', file('broker.csr'));
  execFileSync('sh', ['-c', 'printf "subjectAltName=IP:127.0.0.1" > ext'], { cwd: folder });
  openssl(
    ...['x509', '-req', '-days', '2', '-in', file('broker.csr'), '-CA', file('ca.pem')],
    ...['-CAkey', file('ca.key'), '-CAcreateserial', '-extfile', file('ext')],
    ...['-out', file('broker.pem')],
  );
  execFileSync('sh', ['-c', 'cat broker.key broker.pem ca.pem > keystore.pem'], { cwd: folder });
  return { ca: readFileSync(file('ca.pem'), 'utf8'), keystore: file('keystore.pem') };
}
