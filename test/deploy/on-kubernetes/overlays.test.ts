// What a real API server says to every overlay: schemas, admission, Pod Security. Nothing runs.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type KubernetesObject,
  type Overlay,
  overlays,
  podOf,
  renderOverlay,
  renderWith,
} from '../../support/deploy/rendered-overlay.ts';
import { KubernetesApi } from '../../support/servers/kubernetes-api.ts';

const dryRun = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'];

let api: KubernetesApi;
const rendered = new Map<Overlay, readonly KubernetesObject[]>();

beforeAll(async () => {
  for (const overlay of overlays) rendered.set(overlay, await renderOverlay(overlay));
  api = await KubernetesApi.start();
  await api.addResourceDefinitions();
  // Objects are only tried in a namespace that there is. Those of prod and prod-gpu are the same.
  const namespaces = [...rendered.values()].flat().filter(({ kind }) => kind === 'Namespace');
  await api.must(['apply', '--server-side', '-f', '-'], list(namespaces));
});
afterAll(async () => await api?.[Symbol.asyncDispose]());

function list(items: readonly KubernetesObject[]): object {
  return { apiVersion: 'v1', kind: 'List', items };
}

describe.each(overlays)('the overlay %s', (overlay) => {
  const objects = () => rendered.get(overlay)!;

  test('is taken whole by the API server, in the schemas of whoever defines its resources', async () => {
    const { code, stdout, stderr } = await api.kubectl(dryRun, list(objects()));
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(objects().length);
  });

  test('has pods that Pod Security admits at its level `restricted`', async () => {
    const pods = objects().flatMap((object) => podOf(object) ?? []);
    expect(pods.length).toBeGreaterThan(0);
    const { code, stderr } = await api.kubectl(dryRun, list(pods));
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });
});

test('the audit is taken too, with its pods, when somebody adds it to prod', async () => {
  const objects = await renderWith('prod', 'audit');
  const added = objects.filter(({ metadata }) => metadata.name === 'lethe-audit');
  expect(added.map(({ kind }) => kind).sort()).toEqual(['CronJob', 'PersistentVolumeClaim']);
  const pods = added.flatMap((object) => podOf(object) ?? []);
  const { code, stderr } = await api.kubectl(dryRun, list([...added, ...pods]));
  expect([code, stderr]).toEqual([0, '']);
});

describe('what would be wrong is refused', () => {
  const find = (wanted: string) =>
    structuredClone(
      rendered.get('prod')!.find(({ kind, metadata }) => `${kind} ${metadata.name}` === wanted),
    );

  test('a setting that is misspelled', async () => {
    const wrong = find('Deployment lethe-evaluator');
    wrong.spec.template.spec.terminationGracePeriodSecond = 5;
    const { code, stderr } = await api.kubectl(dryRun, wrong);
    expect(code).not.toBe(0);
    expect(stderr).toContain('terminationGracePeriodSecond');
  });

  test('a field of a foreign resource that its definition does not know', async () => {
    const wrong = find('ScaledObject lethe-unlearner');
    wrong.spec.maxReplicas = 5;
    const { code, stderr } = await api.kubectl(dryRun, wrong);
    expect(code).not.toBe(0);
    expect(stderr).toContain('maxReplicas');
  });

  test('a pod that may write its root as root', async () => {
    const pod = podOf(find('Deployment lethe-evaluator'));
    pod.spec.securityContext.runAsNonRoot = false;
    const { code, stderr } = await api.kubectl(dryRun, pod);
    expect(code).not.toBe(0);
    expect(stderr).toContain('violates PodSecurity "restricted');
  });
});
