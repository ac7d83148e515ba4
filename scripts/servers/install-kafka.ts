import { join } from 'node:path';
import { buildInCache } from '../install/build-in-cache.ts';
import { InstallFailure } from '../install/install-failure.ts';
import { checkMaven, fetchJars, findDamagedJar, javaVersion } from './maven-jars.ts';
import { cachePath, isInstalled, kafkaJars } from './recipe.ts';

const oldestJava = 17;

/** Brings a Kafka broker into the cache: its jars from Maven, each with a known checksum. */
export async function installKafka(say: (line: string) => void, force: boolean): Promise<void> {
  await checkJava();
  const damage = isInstalled('kafka') ? await findDamagedJar('kafka', kafkaJars()) : undefined;
  if (damage !== undefined) say(`Fetching Kafka again: in the cache ${damage}`);
  await buildInCache({
    target: cachePath('kafka'),
    say,
    force: force || damage !== undefined,
    async build(folder) {
      const version = await checkMaven();
      say('Fetching Kafka with Maven: 43 MB, about 20 s');
      await fetchJars('kafka', join(folder, 'libs'));
      return { builtWith: version };
    },
  });
  say(`Kafka is in ${cachePath('kafka')}`);
}

async function checkJava(): Promise<void> {
  const version = await javaVersion();
  if (version >= oldestJava) return;
  throw new InstallFailure(
    version > 0 ? `java is of version ${version}` : '`java -version` fails',
    `install Java ${oldestJava} or later, on Debian: apt-get install openjdk-17-jre-headless`,
  );
}
