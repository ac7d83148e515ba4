import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isWhole } from '../install/build-in-cache.ts';

/** Real servers that tests run against. */
export const servers = ['kafka', 'minio'] as const;
export type Server = (typeof servers)[number];

/** The module of MinIO's community server; the last commit, newer than its last release. */
export const minioModule = 'github.com/minio/minio';

/** Outside the checkout, so that it serves every checkout and outlives `git clean`. */
export function cachePath(server: Server): string {
  const root = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(root, 'lethe', 'servers', `${server}-${versionOf(server)}`);
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

/** As the files that pin them say: `kafka/pom.xml`, `minio/go.mod`. */
function versionOf(server: Server): string {
  switch (server) {
    case 'kafka':
      return pinned('kafka/pom.xml', /kafka_2\.13<\/artifactId>\s*<version>([^<]+)</);
    case 'minio':
      return pinned('minio/go.mod', /github\.com\/minio\/minio v\S+-([0-9a-f]{12})\b/);
    default:
      return server satisfies never;
  }
}

function pinned(file: string, pattern: RegExp): string {
  const version = pattern.exec(readFileSync(join(import.meta.dirname, file), 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${file} pins no version`);
  return version;
}
