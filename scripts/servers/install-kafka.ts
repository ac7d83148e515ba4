import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildInCache } from '../install/build-in-cache.ts';
import { InstallFailure } from '../install/install-failure.ts';
import { runTool } from '../install/run-tool.ts';
import { cachePath, isInstalled, kafkaJars } from './recipe.ts';

const oldestJava = 17;

/** Brings a Kafka broker into the cache: its jars from Maven, each with a known checksum. */
export async function installKafka(say: (line: string) => void, force: boolean): Promise<void> {
  await checkJava();
  const damage = isInstalled('kafka') ? await findDamage(kafkaJars()) : undefined;
  if (damage !== undefined) say(`Fetching Kafka again: in the cache ${damage}`);
  await buildInCache({
    target: cachePath('kafka'),
    say,
    force: force || damage !== undefined,
    async build(folder) {
      const version = await checkMaven();
      say('Fetching Kafka with Maven: 43 MB, about 20 s');
      await fetchJars(join(folder, 'libs'));
      return { builtWith: version };
    },
  });
  say(`Kafka is in ${cachePath('kafka')}`);
}

async function fetchJars(folder: string): Promise<void> {
  const { status, output } = await runTool('mvn', [
    ...['--batch-mode', '--quiet', '--strict-checksums'],
    ...['--file', join(import.meta.dirname, 'kafka/pom.xml')],
    ...['dependency:copy-dependencies', `-DoutputDirectory=${folder}`, '-DincludeScope=runtime'],
  ]);
  if (status !== 0) {
    throw new InstallFailure(
      `Maven cannot fetch the jars of Kafka:\n${output.split('\n').slice(0, 15).join('\n')}`,
      "check the network and Maven's settings (mirror, proxy), then run this again",
    );
  }
  const damage = await findDamage(folder);
  if (damage === undefined) return;
  throw new InstallFailure(
    `what Maven brought is not what this recipe was written for: ${damage}`,
    'try again; if it stays so, somebody is tampering with the registry you use',
  );
}

/** The first difference between a folder and the list of checksums, for people. */
async function findDamage(folder: string): Promise<string | undefined> {
  const list = await readFile(join(import.meta.dirname, 'kafka/jars.sha256'), 'utf8');
  const expected = new Map(
    list.split('\n').flatMap((line) => {
      const [digest, name] = line.split(/\s+/);
      return digest && name ? [[name, digest] as const] : [];
    }),
  );
  const present = await readdir(folder).catch((): string[] => []);
  const unknown = present.find((name) => !expected.has(name));
  if (unknown !== undefined) return `${unknown} is not in kafka/jars.sha256`;
  for (const [name, digest] of expected) {
    if (!present.includes(name)) return `${name} is missing`;
    const bytes = await readFile(join(folder, name));
    if (createHash('sha256').update(bytes).digest('hex') !== digest) return `${name} differs`;
  }
  return undefined;
}

async function checkJava(): Promise<void> {
  const { status, output } = await runTool('java', ['-version']);
  const version = Number(/version "(\d+)/.exec(output)?.[1] ?? 0);
  if (status === 0 && version >= oldestJava) return;
  throw new InstallFailure(
    status === 0 ? `java is of version ${version}` : '`java -version` fails',
    `install Java ${oldestJava} or later, on Debian: apt-get install openjdk-17-jre-headless`,
  );
}

async function checkMaven(): Promise<string> {
  const { status, stdout } = await runTool('mvn', ['--batch-mode', '--version']);
  if (status === 0) return stdout.split('\n')[0]!;
  throw new InstallFailure('`mvn --version` fails', 'install Maven: apt-get install maven');
}
