import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

export const deployFolder = new URL('../../../deploy/k8s/', import.meta.url).pathname;

/** A Kubernetes object as it is written, and the file that holds it. */
export interface Manifest {
  readonly file: string;
  readonly kind: string;
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: manifests have as many shapes as there are kinds
  readonly body: any;
}

/** Every object below a folder of deploy/k8s; kustomizations have no part in it. */
export async function readManifests(folder: string): Promise<Manifest[]> {
  const root = join(deployFolder, folder);
  const files = await readdir(root, { recursive: true });
  const manifests: Manifest[] = [];
  for (const file of files.filter((name) => name.endsWith('settings.env'))) {
    manifests.push(settingsOf(join(folder, file), await readFile(join(root, file), 'utf8')));
  }
  for (const file of files.filter((name) => name.endsWith('.yaml')).sort()) {
    for (const document of parseAllDocuments(await readFile(join(root, file), 'utf8'))) {
      const body = document.toJS();
      if (body?.kind === undefined || /^(Kustomization|Component)$/.test(body.kind)) continue;
      manifests.push({ file: join(folder, file), kind: body.kind, name: body.metadata.name, body });
    }
  }
  return manifests;
}

/** The settings that kustomize makes a ConfigMap of. */
function settingsOf(file: string, text: string): Manifest {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const data = Object.fromEntries(
    lines.map((line) => {
      const cut = line.indexOf('=');
      return [line.slice(0, cut), line.slice(cut + 1)] as const;
    }),
  );
  return { file, kind: 'ConfigMap', name: 'lethe', body: { data } };
}
