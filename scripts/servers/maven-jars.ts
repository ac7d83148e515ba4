import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InstallFailure } from '../install/install-failure.ts';
import { runTool } from '../install/run-tool.ts';
import type { Server } from './recipe.ts';

/** Brings the jars that `SERVER/pom.xml` asks for; each must be the one of `SERVER/jars.sha256`. */
export async function fetchJars(server: Server, folder: string): Promise<void> {
  const { status, output } = await runTool('mvn', [
    ...['--batch-mode', '--quiet', '--strict-checksums'],
    ...['--file', join(import.meta.dirname, server, 'pom.xml')],
    ...['dependency:copy-dependencies', `-DoutputDirectory=${folder}`, '-DincludeScope=runtime'],
  ]);
  if (status !== 0) {
    throw new InstallFailure(
      `Maven cannot fetch the jars of ${server}:\n${output.split('\n').slice(0, 15).join('\n')}`,
      "check the network and Maven's settings (mirror, proxy), then run this again",
    );
  }
  const damage = await findDamagedJar(server, folder);
  if (damage === undefined) return;
  throw new InstallFailure(
    `what Maven brought is not what this recipe was written for: ${damage}`,
    'try again; if it stays so, somebody is tampering with the registry you use',
  );
}

/** The first difference between a folder and the list of checksums, for people. */
export async function findDamagedJar(server: Server, folder: string): Promise<string | undefined> {
  const list = await readFile(join(import.meta.dirname, server, 'jars.sha256'), 'utf8');
  const expected = new Map(
    list.split('\n').flatMap((line) => {
      const [digest, name] = line.split(/\s+/);
      return digest && name ? [[name, digest] as const] : [];
    }),
  );
  const present = await readdir(folder).catch((): string[] => []);
  const unknown = present.find((name) => !expected.has(name));
  if (unknown !== undefined) return `${unknown} is not in ${server}/jars.sha256`;
  for (const [name, digest] of expected) {
    if (!present.includes(name)) return `${name} is missing`;
    const bytes = await readFile(join(folder, name));
    if (createHash('sha256').update(bytes).digest('hex') !== digest) return `${name} differs`;
  }
  return undefined;
}

/** @returns its version, for the record of what was built with it */
export async function checkMaven(): Promise<string> {
  const { status, stdout } = await runTool('mvn', ['--batch-mode', '--version']);
  if (status === 0) return stdout.split('\n')[0]!;
  throw new InstallFailure('`mvn --version` fails', 'install Maven: apt-get install maven');
}

/** 0 where there is none. */
export async function javaVersion(): Promise<number> {
  const { output } = await runTool('java', ['-version']);
  return Number(/version "(\d+)/.exec(output)?.[1] ?? 0);
}
