import { realpathSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { kubernetesProgram } from '../../../scripts/servers/recipe.ts';
import { runProgram } from '../servers/run-program.ts';
import { deployFolder } from './manifest-files.ts';

/** An object as a cluster gets it. */
// biome-ignore lint/suspicious/noExplicitAny: manifests have as many shapes as there are kinds
export type KubernetesObject = any;

export const overlays = ['dev', 'prod', 'prod-gpu'] as const;
export type Overlay = (typeof overlays)[number];

/** What `kustomize build` makes of an overlay. @throws when it fails or warns */
export async function renderOverlay(overlay: Overlay): Promise<readonly KubernetesObject[]> {
  return await build(`${deployFolder}overlays/${overlay}`);
}

/** The same of an overlay with one more component, as somebody's own overlay would add it. */
export async function renderWith(
  overlay: Overlay,
  component: string,
): Promise<readonly KubernetesObject[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-overlay-'));
  // kustomize knows folders only by the way from where it is.
  const from = (path: string) => relative(realpathSync(folder), `${deployFolder}${path}`);
  const kustomization = {
    resources: [from(`overlays/${overlay}`)],
    components: [from(`components/${component}`)],
    namespace: 'lethe',
  };
  await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
  return await build(folder).finally(() => rm(folder, { recursive: true }));
}

async function build(folder: string): Promise<readonly KubernetesObject[]> {
  const { code, stdout, stderr } = await runProgram(kubernetesProgram('kustomize'), [
    'build',
    folder,
  ]);
  if (code !== 0 || stderr !== '') throw new Error(`kustomize build ${folder}: ${stderr}`);
  return parseAllDocuments(stdout).map((document) => document.toJS());
}

/** The template of the pods that an object makes. */
export function podTemplateOf({ kind, spec }: KubernetesObject): KubernetesObject | undefined {
  if (kind === 'CronJob') return spec.jobTemplate.spec.template;
  return ['Deployment', 'StatefulSet', 'Job'].includes(kind) ? spec.template : undefined;
}

/** One pod of an object, as its controller would make it. */
export function podOf(object: KubernetesObject): KubernetesObject | undefined {
  const template = podTemplateOf(object);
  if (template === undefined) return undefined;
  const { name, namespace } = object.metadata;
  const claims = (object.spec.volumeClaimTemplates ?? []).map(({ metadata }: KubernetesObject) => ({
    name: metadata.name,
    persistentVolumeClaim: { claimName: `${metadata.name}-${name}-0` },
  }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...template.metadata, name: `${name}-0`, namespace },
    spec: { ...template.spec, volumes: [...(template.spec.volumes ?? []), ...claims] },
  };
}
