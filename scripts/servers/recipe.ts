import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isWhole } from '../install/build-in-cache.ts';

/** Each server and its version, which the file that pins it says. */
const versions = {
  kafka: () => pinned('kafka/pom.xml', /kafka_2\.13<\/artifactId>\s*<version>([^<]+)</),
  minio: () => pinned('minio/go.mod', /github\.com\/minio\/minio v\S+-([0-9a-f]{12})\b/),
  kubernetes: () => pinned('kubernetes/go.mod', /k8s\.io\/kubernetes v(\S+)/),
  jaeger: () => pinned('jaeger/go.mod', /jaegertracing\/jaeger v(\S+)/),
  prometheus: () => pinned('prometheus/go.mod', /prometheus\/prometheus v(\S+)/),
  crds: () => digestOf('crds/modules.json', 'crds/pom.xml'),
};

/** Real servers that tests run against. */
export type Server = keyof typeof versions;
export const servers = Object.keys(versions) as readonly Server[];

/** Outside the checkout, so that it serves every checkout and outlives `git clean`. */
export function cachePath(server: Server): string {
  const root = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(root, 'lethe', 'servers', `${server}-${versionOf(server)}`);
}

export function versionOf(server: Server): string {
  return versions[server]();
}

export function isInstalled(server: Server): boolean {
  return isWhole(cachePath(server));
}

/** The folder with the jars of a Kafka broker. */
export function kafkaJars(): string {
  return join(cachePath('kafka'), 'libs');
}

export function minioProgram(): string {
  return join(cachePath('minio'), 'minio');
}

export function jaegerProgram(): string {
  return join(cachePath('jaeger'), 'jaeger');
}

export function prometheusProgram(name: 'prometheus' | 'promtool'): string {
  return join(cachePath('prometheus'), name);
}

/** Without kubelet, scheduler and controllers: what is applied is checked and kept, nothing runs. */
export type KubernetesProgram = 'etcd' | 'kube-apiserver' | 'kubectl' | 'kustomize';

export function kubernetesProgram(name: KubernetesProgram): string {
  return join(cachePath('kubernetes'), name);
}

/** The folder with the definitions of the resources that our manifests use beside Kubernetes' own. */
export function resourceDefinitions(): string {
  return join(cachePath('crds'), 'definitions');
}

/** A version for what is put together of several. */
function digestOf(...files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(import.meta.dirname, file)));
  return hash.digest('hex').slice(0, 12);
}

function pinned(file: string, pattern: RegExp): string {
  const version = pattern.exec(readFileSync(join(import.meta.dirname, file), 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${file} pins no version`);
  return version;
}
