// Whether the parts of an overlay fit one another and the code: names, ports, selectors, secrets,
// sizes. A cluster would take them all, and only later show what leads nowhere.
import { existsSync, readFileSync } from 'node:fs';
import { admissionSettings, reviewPath } from '@lethe/admission';
import { drainLimitMs } from '@lethe/service-kit';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type KubernetesObject,
  type Overlay,
  overlays,
  podTemplateOf,
  renderOverlay,
} from '../../support/deploy/rendered-overlay.ts';

const root = new URL('../../../', import.meta.url).pathname;
const rendered = new Map<Overlay, readonly KubernetesObject[]>();
beforeAll(async () => {
  for (const overlay of overlays) rendered.set(overlay, await renderOverlay(overlay));
});

type Labels = Readonly<Record<string, string>>;
interface Workload {
  readonly name: string;
  readonly replicas: number;
  readonly labels: Labels;
  readonly pod: KubernetesObject;
  readonly claims: readonly string[];
}

function workloadsOf(overlay: Overlay): readonly Workload[] {
  return rendered.get(overlay)!.flatMap((object) => {
    const template = podTemplateOf(object);
    if (template === undefined) return [];
    const { spec, metadata } = object;
    const claims = (spec.volumeClaimTemplates ?? []).map(
      (claim: KubernetesObject) => claim.metadata.name,
    );
    const { labels } = template.metadata;
    return {
      name: metadata.name,
      replicas: spec.replicas ?? 1,
      labels,
      pod: template.spec,
      claims,
    };
  });
}

const ofKind = (overlay: Overlay, kind: string) =>
  rendered.get(overlay)!.filter((object) => object.kind === kind);
const selects = (wanted: Labels, labels: Labels) =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);
const containersOf = (overlay: Overlay) =>
  workloadsOf(overlay).flatMap(({ name, pod }) =>
    pod.containers.map((container: KubernetesObject) => ({ name, container })),
  );

describe.each(overlays)('in the overlay %s', (overlay) => {
  test('every image is of a fixed version', () => {
    for (const { name, container } of containersOf(overlay)) {
      expect([name, container.image]).toEqual([name, expect.stringMatching(/:[^:/]*\d[^:/]*$/)]);
      expect([name, container.image]).not.toEqual([name, expect.stringMatching(/:latest$/)]);
    }
  });

  test('every program is one that there is', () => {
    for (const { name, container } of containersOf(overlay)) {
      const [program, file] = container.command ?? [];
      if (program === 'node') expect([name, existsSync(`${root}${file}`)]).toEqual([name, true]);
    }
  });

  test('every container says what it needs, and the most that it may take', () => {
    for (const { name, container } of containersOf(overlay)) {
      const { requests, limits } = container.resources;
      expect([name, Object.keys(requests).sort()]).toEqual([name, ['cpu', 'memory']]);
      expect([name, limits.memory]).toEqual([name, expect.stringMatching(/^\d+[MG]i$/)]);
    }
  });

  test('every mount has its volume, and every volume its mount', () => {
    for (const { name, pod, claims } of workloadsOf(overlay)) {
      const volumes = [...claims, ...(pod.volumes ?? []).map((each: Labels) => each['name'])];
      const mounts = pod.containers.flatMap((container: KubernetesObject) =>
        container.volumeMounts.map((mount: Labels) => mount['name']),
      );
      expect([name, [...new Set(mounts)].sort()]).toEqual([name, [...new Set(volumes)].sort()]);
    }
  });

  test('every service leads to a port of its pods', () => {
    for (const { metadata, spec } of ofKind(overlay, 'Service')) {
      const pods = workloadsOf(overlay).filter(({ labels }) => selects(spec.selector, labels));
      const ports = pods.flatMap(({ pod }) =>
        pod.containers.flatMap(({ ports = [] }: KubernetesObject) =>
          ports.map((port: Labels) => port['name']),
        ),
      );
      for (const { targetPort } of spec.ports) {
        expect([metadata.name, ports]).toEqual([
          metadata.name,
          expect.arrayContaining([targetPort]),
        ]);
      }
    }
  });

  test('every probe asks a port that there is', () => {
    for (const { name, container } of containersOf(overlay)) {
      const ports = (container.ports ?? []).map((port: Labels) => port['name']);
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
        const asked = container[probe]?.httpGet.port;
        if (asked !== undefined)
          expect([name, ports]).toEqual([name, expect.arrayContaining([asked])]);
      }
    }
  });

  test('every disruption budget and every policy is about pods that there are', () => {
    const foreign = { 'strimzi.io/cluster': 'lethe' };
    const all = [foreign, ...workloadsOf(overlay).map(({ labels }) => labels)];
    const about = [
      ...ofKind(overlay, 'PodDisruptionBudget').map((o) => [o.metadata.name, o.spec.selector]),
      ...ofKind(overlay, 'NetworkPolicy').map((o) => [o.metadata.name, o.spec.podSelector]),
    ];
    for (const [name, { matchLabels = {} }] of about) {
      expect([name, all.some((labels) => selects(matchLabels, labels))]).toEqual([name, true]);
    }
  });

  test('a pod has time to let go of its callers before it is told to end, and to drain after', () => {
    for (const { name, pod } of workloadsOf(overlay)) {
      const { lifecycle } = pod.containers[0];
      const grace = pod.terminationGracePeriodSeconds ?? 30;
      const leftMs = (grace - (lifecycle?.preStop.sleep.seconds ?? 0)) * 1_000;
      // Jobs and what is not Lethe's own end as they can.
      const neededMs = isService(pod) ? drainLimitMs + 5_000 : 25_000;
      expect([name, leftMs]).toEqual([name, expect.toSatisfy((left) => left >= neededMs)]);
    }
  });
});

describe.each(['prod', 'prod-gpu'] as const)('in the overlay %s', (overlay) => {
  test('every secret is made by what the overlay holds, or named in the docs', () => {
    const made = new Set([
      ...ofKind(overlay, 'Certificate').map(({ spec }) => spec.secretName),
      ...ofKind(overlay, 'KafkaUser').map(({ metadata }) => metadata.name),
      ...ofKind(overlay, 'Kafka').map(({ metadata }) => `${metadata.name}-cluster-ca-cert`),
    ]);
    const docs = readFileSync(`${root}docs/kubernetes.md`, 'utf8');
    for (const { name, pod } of workloadsOf(overlay)) {
      for (const { secret } of pod.volumes ?? []) {
        if (secret === undefined) continue;
        const { secretName } = secret;
        const isKnown = made.has(secretName) || docs.includes(`\`${secretName}\``);
        expect([name, secretName, isKnown]).toEqual([name, secretName, true]);
      }
    }
    // And none is written down.
    expect(ofKind(overlay, 'Secret')).toEqual([]);
  });

  test('every program of Lethe, and the store, has a disruption budget that lets nodes be drained', () => {
    const budgets = ofKind(overlay, 'PodDisruptionBudget').map(({ spec }) => spec);
    const kept = workloadsOf(overlay).filter(({ name, pod }) => isService(pod) || name === 'minio');
    expect(kept).toHaveLength(6);
    for (const { name, labels } of kept) {
      const mine = budgets.filter(({ selector }) => selects(selector.matchLabels, labels));
      expect([name, mine]).toEqual([name, [expect.objectContaining({ maxUnavailable: 1 })]]);
    }
  });

  test('nothing may be reached, and nothing may be asked, but what a policy names', () => {
    const policies = ofKind(overlay, 'NetworkPolicy').map(({ spec }) => spec);
    const all = policies.filter(
      ({ podSelector, ingress, egress }) =>
        Object.keys(podSelector).length === 0 && ingress === undefined && egress === undefined,
    );
    expect(all).toEqual([expect.objectContaining({ policyTypes: ['Ingress', 'Egress'] })]);
    const open = policies.flatMap(({ ingress = [], egress = [] }) =>
      [...ingress, ...egress].filter((rule) => rule.ports === undefined && rule.to === undefined),
    );
    // Kafka's own nodes and Strimzi's operator talk to it on ports of their own choice.
    for (const { from } of open) expect(JSON.stringify(from)).toMatch(/strimzi|operates-kafka/);
  });

  test('everything fits into the quota, with as many unlearners as there may be', () => {
    const { hard } = ofKind(overlay, 'ResourceQuota')[0].spec;
    const [scaled] = ofKind(overlay, 'ScaledObject');
    const total = { pods: 0, cpu: 0, memory: 0 };
    const add = (pods: number, requests: Labels) => {
      total.pods += pods;
      total.cpu += pods * cores(requests['cpu']!);
      total.memory += pods * gibibytes(requests['memory']!);
    };
    for (const { name, replicas, pod } of workloadsOf(overlay)) {
      const isScaled = scaled.spec.scaleTargetRef.name === name;
      // While one is replaced there is one more.
      const pods = (isScaled ? scaled.spec.maxReplicaCount : replicas) + 1;
      add(pods, pod.containers[0].resources.requests);
    }
    const [pool] = ofKind(overlay, 'KafkaNodePool');
    add(pool.spec.replicas, pool.spec.resources.requests);
    const [{ spec: kafka }] = ofKind(overlay, 'Kafka');
    add(1, kafka.entityOperator.userOperator.resources.requests);
    expect(total.pods).toBeLessThanOrEqual(Number(hard.pods));
    expect(total.cpu).toBeLessThanOrEqual(cores(hard['requests.cpu']));
    expect(total.memory).toBeLessThanOrEqual(gibibytes(hard['requests.memory']));
  });

  test('the webhook leads to a service and a path that there are, and waits longer than it does', () => {
    const services = ofKind(overlay, 'Service');
    const [{ webhooks }] = ofKind(overlay, 'ValidatingWebhookConfiguration');
    expect(webhooks).toHaveLength(2);
    for (const { clientConfig, timeoutSeconds, failurePolicy } of webhooks) {
      const { namespace, name, path, port } = clientConfig.service;
      expect(path).toBe(reviewPath);
      const found = services.find(
        ({ metadata }) => metadata.name === name && metadata.namespace === namespace,
      );
      expect(found.spec.ports.map((each: { port: number }) => each.port)).toContain(port);
      expect(timeoutSeconds * 1000).toBeGreaterThan(admissionSettings.registryTimeoutMs.default);
      expect(failurePolicy).toBe('Fail');
      const certificates = ofKind(overlay, 'Certificate').flatMap(
        ({ spec }) => spec.dnsNames ?? [],
      );
      expect(certificates).toContain(`${name}.${namespace}.svc`);
    }
  });

  test('the webhook sets what it knows, and everything that it requires', () => {
    const { pod } = workloadsOf(overlay).find(({ name }) => name === 'lethe-admission')!;
    const set = pod.containers[0].env.map((variable: Labels) => variable['name']);
    const known = Object.values(admissionSettings);
    expect(known.map(({ env }) => env)).toEqual(expect.arrayContaining(set));
    const required = known.filter((setting) => !('default' in setting)).map(({ env }) => env);
    expect(set).toEqual(expect.arrayContaining(required));
  });
});

test('rounds run on GPUs in prod-gpu only, with room on its nodes', () => {
  const unlearner = (overlay: Overlay) =>
    workloadsOf(overlay).find(({ name }) => name === 'lethe-unlearner')!.pod;
  expect(unlearner('prod').containers[0]).toMatchObject({
    image: expect.stringMatching(/^lethe:/),
    env: expect.arrayContaining([{ name: 'LETHE_BACKEND', value: 'auto' }]),
  });
  expect(unlearner('prod').tolerations).toBeUndefined();
  expect(unlearner('prod-gpu')).toMatchObject({
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
    containers: [
      {
        image: expect.stringMatching(/^lethe-cuda:/),
        resources: { limits: { 'nvidia.com/gpu': 1 } },
        env: expect.arrayContaining([{ name: 'LETHE_BACKEND', value: 'native' }]),
      },
    ],
  });
});

/** Whether it runs until it is told to end, as one of Lethe's own programs does. */
function isService({ restartPolicy, containers }: KubernetesObject): boolean {
  return restartPolicy !== 'Never' && /^lethe(-cuda)?:/.test(containers[0].image);
}

function cores(text: string): number {
  return text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text);
}

function gibibytes(text: string): number {
  const [, amount, unit] = /^(\d+)([MG])i$/.exec(text) ?? [];
  return Number(amount) / (unit === 'M' ? 1024 : 1);
}
