import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildInCache, readRecord } from '../install/build-in-cache.ts';
import { InstallFailure } from '../install/install-failure.ts';
import { runTool } from '../install/run-tool.ts';
import { cachePath, isInstalled, minioModule, minioProgram } from './recipe.ts';

/**
 * Brings a MinIO server into the cache: compiled from its Go module. `minio/go.mod` pins every
 * module in it, `minio/go.sum` their checksums.
 */
export async function installMinio(say: (line: string) => void, force: boolean): Promise<void> {
  const damaged = isInstalled('minio') && !(await isAsBuilt());
  if (damaged) say('Building MinIO again: the program in the cache is not the one that was built');
  await buildInCache({
    target: cachePath('minio'),
    say,
    force: force || damaged,
    async build(folder) {
      const go = await checkGo();
      const program = join(folder, 'minio');
      await compile(folder, program, say);
      return { builtWith: go, sha256: await digestOf(program) };
    },
  });
  say(`MinIO is in ${cachePath('minio')}`);
}

async function compile(folder: string, program: string, say: (line: string) => void) {
  const source = join(folder, 'source');
  await mkdir(source);
  for (const name of ['go.mod', 'go.sum']) {
    await copyFile(join(import.meta.dirname, 'minio', name), join(source, name));
  }
  const options = { cwd: source, env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' } };
  say('Fetching the sources of MinIO from Go modules: 150 MB');
  const listed = await runTool('go', ['list', '-mod=readonly', '-deps', minioModule], options);
  if (listed.status !== 0) throw failure('go cannot fetch the modules of MinIO', listed.output);
  const packages = listed.stdout.trim().split('\n').length;

  say(`Compiling MinIO: up to ${packages} packages, on two cores 5 to 7 minutes, once`);
  let compiled = 0;
  const progress = setInterval(() => say(`MinIO: ${compiled} packages compiled`), 15_000);
  const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w'];
  const built = await runTool('go', ['build', '-v', ...flags, '-o', program, minioModule], {
    ...options,
    onOutput: (text) => {
      compiled += text.split('\n').length - 1;
    },
  }).finally(() => clearInterval(progress));
  if (built.status !== 0) throw failure('MinIO does not compile', built.output);
  await rm(source, { recursive: true });
}

function failure(what: string, output: string): InstallFailure {
  const lines = output.trim().split('\n').slice(-15).join('\n');
  if (/checksum mismatch|SECURITY ERROR/.test(output)) {
    return new InstallFailure(
      `a Go module is not the one this recipe was written for:\n${lines}`,
      'try again; if it stays so, somebody is tampering with the module proxy you use',
    );
  }
  return new InstallFailure(
    `${what}:\n${lines}`,
    'check the network, the disk (3 GB) and the settings of go (GOPROXY), then run this again',
  );
}

async function isAsBuilt(): Promise<boolean> {
  const { sha256 } = readRecord(cachePath('minio')) as { sha256?: string };
  return sha256 === (await digestOf(minioProgram()).catch(() => 'unreadable'));
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
