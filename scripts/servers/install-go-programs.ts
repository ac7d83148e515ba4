import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildInCache, readRecord } from '../install/build-in-cache.ts';
import { InstallFailure } from '../install/install-failure.ts';
import { runTool } from '../install/run-tool.ts';
import { cachePath, isInstalled, type Server } from './recipe.ts';

/** Programs that are compiled from Go modules. */
export interface GoPrograms {
  /** Its folder beside this file holds `go.mod`, which pins every module, and `go.sum`, their checksums. */
  readonly server: Server;
  /** For people. */
  readonly title: string;
  /** Name of the program in the cache → package it is compiled from. */
  readonly programs: Readonly<Record<string, string>>;
  /** For people: `150 MB`. */
  readonly sources: string;
  /** For people, on two cores: `5 to 7 minutes`. */
  readonly time: string;
  /** Free disk that sources and the compiler's cache want, for people: `3 GB`. */
  readonly disk: string;
  /** Build tags that leave parts out. */
  readonly tags?: readonly string[];
  /** Variables that the linker sets: `importpath.name` → value. */
  readonly variables?: Readonly<Record<string, string>>;
}

/**
 * Brings programs into the cache. A compilation that was broken off goes on where it was: the
 * compiler keeps every package.
 */
export async function installGoPrograms(
  recipe: GoPrograms,
  say: (line: string) => void,
  force: boolean,
): Promise<void> {
  const { server, title, programs } = recipe;
  const damaged = isInstalled(server) && !(await isAsBuilt(recipe));
  if (damaged) say(`Building ${title} again: what is in the cache is not what was built`);
  await buildInCache({
    target: cachePath(server),
    say,
    force: force || damaged,
    async build(folder) {
      const go = await checkGo();
      await compile(recipe, folder, say);
      return { builtWith: go, sha256: await digestsOf(folder, programs) };
    },
  });
  say(`${title} is in ${cachePath(server)}`);
}

async function compile(recipe: GoPrograms, folder: string, say: (line: string) => void) {
  const { server, title, programs, variables = {} } = recipe;
  const source = join(folder, 'source');
  await mkdir(source);
  for (const name of ['go.mod', 'go.sum']) {
    await copyFile(join(import.meta.dirname, server, name), join(source, name));
  }
  const options = { cwd: source, env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' } };
  say(`Fetching the sources of ${title} from Go modules: ${recipe.sources}`);
  const wanted = Object.values(programs);
  const tagged = ['-mod=readonly', '-tags', (recipe.tags ?? []).join(',')];
  const listed = await runTool('go', ['list', ...tagged, '-deps', ...wanted], options);
  if (listed.status !== 0) {
    throw failure(recipe, `go cannot fetch the modules of ${title}`, listed.output);
  }
  const packages = listed.stdout.trim().split('\n').length;

  say(`Compiling ${title}: up to ${packages} packages, on two cores ${recipe.time}, once`);
  let compiled = 0;
  const progress = setInterval(() => say(`${title}: ${compiled} packages compiled`), 15_000);
  const link = Object.entries(variables).map(([name, value]) => ` -X ${name}=${value}`);
  const flags = [...tagged, '-trimpath', '-buildvcs=false'];
  flags.push('-ldflags', `-s -w${link.join('')}`);
  try {
    for (const [name, from] of Object.entries(programs)) {
      const built = await runTool('go', ['build', '-v', ...flags, '-o', join(folder, name), from], {
        ...options,
        onOutput: (text) => {
          compiled += text.split('\n').length - 1;
        },
      });
      if (built.status !== 0) throw failure(recipe, `${name} does not compile`, built.output);
    }
  } finally {
    clearInterval(progress);
  }
  await rm(source, { recursive: true });
}

function failure({ disk }: GoPrograms, what: string, output: string): InstallFailure {
  const lines = output.trim().split('\n').slice(-15).join('\n');
  if (/checksum mismatch|SECURITY ERROR/.test(output)) {
    return new InstallFailure(
      `a Go module is not the one this recipe was written for:\n${lines}`,
      'try again; if it stays so, somebody is tampering with the module proxy you use',
    );
  }
  return new InstallFailure(
    `${what}:\n${lines}`,
    `check the network, the disk (${disk}) and the settings of go (GOPROXY), then run this again`,
  );
}

async function isAsBuilt({ server, programs }: GoPrograms): Promise<boolean> {
  const { sha256 } = readRecord(cachePath(server)) as { sha256?: string };
  return sha256 === (await digestsOf(cachePath(server), programs).catch(() => 'unreadable'));
}

/** One after the other, in the order of the recipe. */
async function digestsOf(folder: string, programs: GoPrograms['programs']): Promise<string> {
  const digests: string[] = [];
  for (const name of Object.keys(programs)) digests.push(await digestOf(join(folder, name)));
  return digests.join(' ');
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function checkGo(): Promise<string> {
  const { status, stdout } = await runTool('go', ['version']);
  const [, minor = 0] = /go1\.(\d+)/.exec(stdout) ?? [];
  if (status === 0 && Number(minor) >= 21) return stdout.trim();
  throw new InstallFailure(
    status === 0 ? `${stdout.trim()} is too old` : '`go version` fails',
    'install Go 1.24 or later (from 1.21 on it fetches that by itself) and put it in PATH',
  );
}
