// The webhook of deploy/k8s/components/release-gate before a real API server and a real registry,
// over TLS with identities, as prod has it; only that it is reached by address, not by service.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { annotations, reviewPath } from '@lethe/admission';
import { ModelVerdict, RegistryServiceClient, sha256, topics } from '@lethe/contracts';
import { createRegistryService } from '@lethe/registry';
import {
  connect,
  encodeEvent,
  type GrpcServer,
  type LetheService,
  openSecurity,
  type PromiseClient,
  silentLog,
  startGrpcServer,
  systemClock,
} from '@lethe/service-kit';
import { CertificateAuthority } from '@lethe/service-kit/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  commitCandidate,
  openRegistryHome,
  type RegistryHome,
} from '../../../services/registry/src/testing/registry-home.ts';
import { renderOverlay } from '../../support/deploy/rendered-overlay.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { KubernetesApi } from '../../support/servers/kubernetes-api.ts';
import { ServerProcess } from '../../support/servers/server-process.ts';
import { until } from '../../support/tiny-world.ts';

const admission = new URL('../../../apps/admission/dist/main.js', import.meta.url).pathname;
/** What version n of the model weighs, by the stand-in that makes candidates. */
const digestOf = (sequence: number) =>
  sha256(Buffer.from(sequence === 0 ? 'original' : `weights ${sequence}`));

let ca: CertificateAuthority;
let home: RegistryHome;
let service: LetheService;
let registry: GrpcServer;
let client: PromiseClient<typeof RegistryServiceClient.service>;
let gate: ServerProcess;
let api: KubernetesApi;

beforeAll(async () => {
  ca = await CertificateAuthority.create();
  home = await openRegistryHome();
  service = createRegistryService({
    ...home,
    log: silentLog,
    clock: { ...systemClock, now: () => new Date('2026-02-01T12:00:00Z') },
    onFatal: (error) => {
      throw error;
    },
  });
  await service.start();
  const own = await ca.issue('gate', ['IP:127.0.0.1', 'DNS:lethe-admission.lethe.svc']);
  const server = await ca.issueServer();
  const identitiesFile = join(ca.folder, 'identities.json');
  const identities = [
    { name: 'gate', roles: ['server'], certificates: ['DNS:lethe-admission.lethe.svc'] },
  ];
  await writeFile(identitiesFile, JSON.stringify({ identities }));
  const security = await openSecurity(
    {
      tlsCertFile: server.certFile,
      tlsKeyFile: server.keyFile,
      tlsClientCaFile: ca.file,
      tlsRequireClientCertificate: false,
      identitiesFile,
      listenAllowInsecure: false,
    },
    silentLog,
  );
  registry = await startGrpcServer({
    address: '127.0.0.1:0',
    services: service.grpc,
    security,
    log: silentLog,
  });
  const { certificate, privateKey } = own;
  client = connect(RegistryServiceClient, registry.address, {
    tls: { ca: ca.certificate, certificate, privateKey },
  });
  const port = await freePort();
  gate = await ServerProcess.start({
    name: 'release gate',
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', admission],
    env: {
      LETHE_ADMISSION_ADDRESS: `127.0.0.1:${port}`,
      LETHE_ADDRESS: registry.address,
      LETHE_TLS_CA: ca.file,
      LETHE_TLS_CERT_FILE: own.certFile,
      LETHE_TLS_KEY_FILE: own.keyFile,
      LETHE_LOG_FORMAT: 'json',
    },
    folder: ca.folder,
    isReady: (output) => output.includes('"https":'),
  });
  api = await KubernetesApi.start();
  await makeNamespaces();
  await registerWebhook(port);
  await promote(1, 0);
});

afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await gate?.kill();
  await client?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await service?.[Symbol.asyncDispose]();
  await home?.[Symbol.asyncDispose]();
  await ca?.[Symbol.asyncDispose]();
});

async function makeNamespaces(): Promise<void> {
  for (const label of ['enforce', 'workloads', 'none']) {
    const labels = label === 'none' ? {} : { 'lethe.dev/release-gate': label };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: label, labels } };
    await api.must(['create', '-f', '-'], namespace);
  }
}

/** As in prod, but for where it is. */
async function registerWebhook(port: number): Promise<void> {
  const objects = await renderOverlay('prod');
  const configuration = objects.find(({ kind }) => kind === 'ValidatingWebhookConfiguration');
  const caBundle = (await readFile(ca.file)).toString('base64');
  for (const webhook of configuration.webhooks) {
    webhook.clientConfig = { url: `https://127.0.0.1:${port}${reviewPath}`, caBundle };
    // This machine may be busy; that nobody answers is told at once all the same.
    webhook.timeoutSeconds = 30;
  }
  await api.must(['create', '-f', '-'], configuration);
  // The API server reads configurations once in a while.
  await until(
    'the webhook is asked',
    async () => (await api.kubectl(dryRun, deployment('probe', 'no digest'))).code !== 0,
  );
}

/** Unlearner and evaluator commit a version, and the registry promotes it. */
async function promote(sequence: number, parent: number): Promise<void> {
  const event = await commitCandidate(home, { sequence, parent });
  await home.bus.publish([encodeEvent(topics.modelVerdict, 'm1', ModelVerdict, event)]);
  await until(
    `version ${sequence} serves`,
    async () => (await client.getServing({ modelKey: 'm1' })).sequence === sequence,
  );
}

const dryRun = ['create', '--dry-run=server', '-f', '-'];
const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
};
const podSpec = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [{ name: 'server', image: 'classifier:1', securityContext: restricted }],
};

function annotated(digest: string | undefined, model?: string) {
  if (digest === undefined) return {};
  return {
    annotations: {
      [annotations.digest]: digest,
      ...(model === undefined ? {} : { [annotations.model]: model }),
    },
  };
}

function deployment(name: string, digest?: string, { namespace = 'enforce', model = '' } = {}) {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels, ...annotated(digest, model || undefined) }, spec: podSpec },
    },
  };
}

function pod(name: string, digest: string, namespace: string) {
  const metadata = { name, namespace, ...annotated(digest) };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: podSpec };
}

function cronJob(digest: string) {
  const template = {
    metadata: annotated(digest),
    spec: { ...podSpec, restartPolicy: 'Never' },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly', namespace: 'enforce' },
    spec: { schedule: '0 1 * * *', jobTemplate: { spec: { template } } },
  };
}

/** What kubectl says when the API server has refused. */
async function refusalOf(object: object): Promise<string> {
  const { code, stderr } = await api.kubectl(dryRun, object);
  expect(code, 'it should have been refused').not.toBe(0);
  return stderr;
}

describe('a workload that names its model', () => {
  test('is let in when exactly that model serves', async () => {
    await api.must(['create', '-f', '-'], deployment('good', `sha256:${digestOf(1)}`));
    await api.must(dryRun, deployment('named', digestOf(1), { model: 'm1' }));
    await api.must(dryRun, pod('good', digestOf(1), 'enforce'));
    await api.must(dryRun, cronJob(digestOf(1)));
  });

  test.each([
    ['a model that was superseded', digestOf(0), 'unknown_weights: no model serves weights'],
    ['a model that nobody knows', 'f'.repeat(64), 'unknown_weights: no model serves weights'],
    ['no digest', 'latest', 'is not a SHA-256'],
  ])('is refused, with the reason, when it names %s', async (_what, digest, reason) => {
    for (const object of [
      deployment('bad', digest),
      pod('bad', digest, 'enforce'),
      cronJob(digest),
    ]) {
      const refusal = await refusalOf(object);
      expect(refusal).toContain(reason);
      expect(refusal).toContain('release-gate.lethe.dev" denied the request');
    }
  });

  test('is refused when another version of the model that it means serves', async () => {
    const refusal = await refusalOf(deployment('bad', digestOf(0), { model: 'm1' }));
    expect(refusal).toContain('not_serving');
    expect(refusal).toContain('version 1 of m1 does');
  });
});

describe('what is none of its business is let through', () => {
  test('a workload that names no model, and a namespace without the label', async () => {
    await api.must(dryRun, deployment('plain'));
    await api.must(dryRun, deployment('bad', digestOf(0), { namespace: 'none' }));
  });

  test('a pod that starts again, where only workloads are asked about', async () => {
    await api.must(dryRun, pod('again', digestOf(0), 'workloads'));
    const bad = deployment('bad', digestOf(0), { namespace: 'workloads' });
    expect(await refusalOf(bad)).toContain('unknown_weights');
  });
});

test('after the next promotion what runs may be scaled, and only the new version deployed', async () => {
  await promote(2, 1);
  const patch = ['patch', 'deployment', 'good', '-n', 'enforce', '--type=merge', '-p'];
  await api.must([...patch, JSON.stringify({ spec: { replicas: 5 } })]);
  expect(await refusalOf(deployment('late', digestOf(1)))).toContain('unknown_weights');
  const template = (digest: string) =>
    JSON.stringify({ spec: { template: { metadata: annotated(digest) } } });
  const back = await api.kubectl([...patch, template(digestOf(0))]);
  expect(back.stderr).toContain('denied the request');
  await api.must([...patch, template(digestOf(2))]);
});

test('a flood of reviews is answered, every one', async () => {
  const pods = Array.from({ length: 60 }, (_, n) => pod(`flood-${n}`, digestOf(2), 'enforce'));
  const calls = Array.from({ length: 6 }, (_, n) => {
    const items = pods.slice(n * 10, n * 10 + 10);
    return api.must(dryRun, { apiVersion: 'v1', kind: 'List', items });
  });
  const created = (await Promise.all(calls)).join('').match(/created/g);
  expect(created).toHaveLength(60);
});

test('it fails closed: without the registry it says why, without the gate nothing gets in', async () => {
  const good = deployment('unlucky', digestOf(2));
  await client[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  const refusal = await refusalOf(good);
  expect(refusal).toContain('cannot be asked, so it may not');
  await api.must(dryRun, deployment('plain'));

  await gate.stop();
  expect(gate.ending).toBe(0);
  expect(await refusalOf(good)).toContain('failed calling webhook');
  await api.must(dryRun, deployment('plain'));
});
