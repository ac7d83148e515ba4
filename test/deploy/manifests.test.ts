import { existsSync } from 'node:fs';
import { allTopics, topics } from '@lethe/contracts';
import { evaluatorConfigTable } from '@lethe/evaluator';
import { ingestSettings } from '@lethe/ingest';
import { registrySettings } from '@lethe/registry';
import type { ConfigTable } from '@lethe/service-kit';
import { metricTable } from '@lethe/telemetry';
import { unlearnerConfigTable } from '@lethe/unlearner';
import { beforeAll, describe, expect, it } from 'vitest';
import { exitCodes } from '../../apps/cli/src/output/exit-codes.ts';
import { type Manifest, readManifests } from '../support/deploy/manifest-files.ts';

const tables: Readonly<Record<string, ConfigTable>> = {
  ingest: ingestSettings,
  unlearner: unlearnerConfigTable,
  evaluator: evaluatorConfigTable,
  registry: registrySettings,
};
const root = new URL('../../', import.meta.url).pathname;

let base: Manifest[];
let prod: Manifest[];
let dev: Manifest[];
beforeAll(async () => {
  base = await readManifests('base');
  prod = await readManifests('overlays/prod');
  dev = await readManifests('overlays/dev');
});

const workloadOf = (service: string): Manifest => {
  const found = base.find(
    ({ kind, name }) => /^(Deployment|StatefulSet)$/.test(kind) && name === `lethe-${service}`,
  );
  if (found === undefined) throw new Error(`no workload for ${service}`);
  return found;
};
const containerOf = ({ body }: Manifest) => body.spec.template.spec.containers[0];
const patch = () => containerOf(base.find(({ file }) => file.endsWith('workload-patch.yaml'))!);
const variablesOf = (table: ConfigTable) =>
  new Set(Object.values(table).map((setting) => setting.env));

describe.each(Object.keys(tables))('the workload of %s', (service) => {
  const known = variablesOf(tables[service]!);

  it('sets only what the service knows', () => {
    const shared = Object.keys(base.find(({ kind }) => kind === 'ConfigMap')!.body.data);
    const own = (containerOf(workloadOf(service)).env ?? []).map(
      ({ name }: { name: string }) => name,
    );
    for (const name of [...shared, ...own]) expect([name, known.has(name)]).toEqual([name, true]);
  });

  it('runs a program that there is', () => {
    const [, program] = containerOf(workloadOf(service)).command;
    expect(existsSync(`${root}${program}`)).toBe(true);
  });

  it('reads state from a volume that it has', () => {
    const { body } = workloadOf(service);
    const volumes = [
      ...(body.spec.template.spec.volumes ?? []),
      ...(body.spec.volumeClaimTemplates ?? []).map(
        ({ metadata }: { metadata: { name: string } }) => metadata,
      ),
    ].map(({ name }: { name: string }) => name);
    expect(volumes).toContain('state');
  });
});

it('gives the key of held forget sets to evaluators, and to nobody else', () => {
  const secretsOf = ({ body }: Manifest): readonly string[] =>
    (body.spec?.template?.spec?.volumes ?? []).flatMap(
      ({ secret }: { secret?: { secretName: string } }) =>
        secret === undefined ? [] : [secret.secretName],
    );
  const holders = [...base, ...prod].filter((each) => secretsOf(each).includes('lethe-held'));
  expect(holders.map(({ name }) => name)).toEqual(['lethe-evaluator']);
  const { env, volumeMounts } = containerOf(workloadOf('evaluator'));
  const file = env.find(({ name }: { name: string }) => name === 'LETHE_HELD_KEY_FILE').value;
  const mount = volumeMounts.find(({ name }: { name: string }) => name === 'held');
  expect(file).toBe(`${mount.mountPath}/held.key`);
});

it('audits with a command that there is, and leaves alone what the audit cannot mend', async () => {
  const job = (await readManifests('components/audit')).find(({ kind }) => kind === 'CronJob')!;
  const { template, podFailurePolicy } = job.body.spec.jobTemplate.spec;
  const [, program, ...words] = template.spec.containers[0].command;
  expect(existsSync(`${root}${program}`)).toBe(true);
  expect(words).toContain('audit');
  expect(podFailurePolicy.rules[0]).toMatchObject({
    action: 'FailJob',
    onExitCodes: { values: [exitCodes.refused] },
  });
});

describe('what all workloads share', () => {
  it('reads every secret from a file that is mounted', () => {
    const config = base.find(({ kind }) => kind === 'ConfigMap')!.body.data;
    const mounts = patch().volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);
    const files = Object.entries<string>(config).filter(([name]) => name.endsWith('_FILE'));
    expect(files.length).toBeGreaterThan(5);
    for (const [name, file] of files) {
      expect([name, mounts.some((mount: string) => file.startsWith(`${mount}/`))]).toEqual([
        name,
        true,
      ]);
    }
  });

  it('is probed where the service answers', () => {
    const config = base.find(({ kind }) => kind === 'ConfigMap')!.body.data;
    const { ports, livenessProbe, readinessProbe } = patch();
    const portOf = (name: string) =>
      ports.find((port: { name: string }) => port.name === name).containerPort;
    expect(config.LETHE_OPS_ADDRESS).toBe(`0.0.0.0:${portOf('ops')}`);
    expect(config.LETHE_GRPC_ADDRESS).toBe(`0.0.0.0:${portOf('grpc')}`);
    expect([livenessProbe.httpGet, readinessProbe.httpGet]).toEqual([
      { path: '/livez', port: 'ops' },
      { path: '/readyz', port: 'ops' },
    ]);
  });

  it('may do nothing but run: no root, no writable root, no capabilities, no API token', () => {
    const pods = [...base, ...prod, ...dev].filter(({ body }) => body.spec?.template?.spec);
    for (const pod of pods.filter(({ body }) => body.spec.template.spec.securityContext)) {
      const { securityContext, automountServiceAccountToken, containers } =
        pod.body.spec.template.spec;
      expect(securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(automountServiceAccountToken).toBe(false);
      expect(containers[0].securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
  });
});

describe('the overlay for production', () => {
  const user = () => prod.find(({ kind }) => kind === 'KafkaUser')!.body.spec.authorization.acls;

  it('may use every topic, and no transactional id but its own', () => {
    const prefixes = user()
      .filter(({ resource }: { resource: { type: string } }) => resource.type === 'topic')
      .map(({ resource }: { resource: { name: string } }) => resource.name);
    for (const { name } of allTopics) {
      expect([name, prefixes.some((prefix: string) => name.startsWith(prefix))]).toEqual([
        name,
        true,
      ]);
    }
    const transactional = user().find(
      ({ resource }: { resource: { type: string } }) => resource.type === 'transactionalId',
    );
    const { default: prefix } = unlearnerConfigTable.kafkaTransactionalIdPrefix;
    expect(transactional.resource).toEqual({
      type: 'transactionalId',
      name: prefix,
      patternType: 'prefix',
    });
  });

  it('keeps offsets as long as the longest legal window', () => {
    const { config } = prod.find(({ kind }) => kind === 'Kafka')!.body.spec.kafka;
    const kept = Number(config['offsets.retention.minutes']) * 60_000;
    expect(kept).toBeGreaterThanOrEqual(topics.deletionRequested.retentionMs);
  });

  it('scales by metrics that there are, to no more than there are partitions', () => {
    const { spec } = prod.find(({ kind }) => kind === 'ScaledObject')!.body;
    const exported = Object.keys(metricTable).map((name) => name.replaceAll('.', '_'));
    for (const { metadata } of spec.triggers) {
      const [, metric] = /\((lethe_[a-z_]+)/.exec(metadata.query) ?? [];
      expect(exported).toContain(metric?.replace(/_total$/, ''));
    }
    expect(spec.maxReplicaCount).toBeLessThanOrEqual(topics.deletionRequested.partitions);
  });

  it('runs a command that there is', () => {
    const { jobTemplate } = prod.find(({ kind }) => kind === 'CronJob')!.body.spec;
    const { command } = jobTemplate.spec.template.spec.containers[0];
    expect(existsSync(`${root}${command[1]}`)).toBe(true);
  });
});
