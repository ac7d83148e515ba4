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
  const folder = `${deployFolder}overlays/${overlay}`;
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
