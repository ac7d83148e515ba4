import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from '../../../scripts/install/run-tool.ts';

export const cacheFolder = join(
  process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
  'lethe/images',
);
const authorities = '/etc/ssl/certs/ca-certificates.crt';

/** Runs a tool to its end. @returns what it printed @throws with what it said when it fails */
export async function must(command: string, ...args: string[]): Promise<string> {
  const { status, stdout, output } = await runTool(command, args);
  if (status === 0) return stdout.trim();
  throw new Error(`${command} ${args[0]} fails (${status}):\n${output.slice(-4_000)}`);
}

/** buildah with a store of its own; in this process group's mounts only, no daemon. */
export async function buildah(...args: string[]): Promise<string> {
  await mkdir(cacheFolder, { recursive: true });
  const places = ['--root', join(cacheFolder, 'store'), '--runroot', join(cacheFolder, 'run')];
  return await must('buildah', ...places, ...args);
}

/** Where a Go program's modules, and what was compiled of them, lie here and in Go's image. */
async function goCaches(): Promise<[here: string, inside: string][]> {
  const { status, stdout } = await runTool('go', ['env', 'GOMODCACHE', 'GOCACHE']);
  const [modules, compiled] = stdout.trim().split('\n');
  if (status !== 0 || modules === undefined || compiled === undefined) return [];
  return [
    [modules, '/go/pkg/mod'],
    [compiled, '/root/.cache/go-build'],
  ];
}

/**
 * Builds an image. What this machine needs to reach package registries (authorities, npm's
 * registry, caches) is mounted while it is built, and is neither in the file nor in the image.
 */
export async function buildImage(
  file: string,
  tag: string,
  context: string,
  args: Readonly<Record<string, string>> = {},
): Promise<void> {
  const settings = await mkdtemp(join(tmpdir(), 'lethe-image-'));
  try {
    const npmrc = join(settings, 'npmrc');
    const registry = await must('npm', 'config', 'get', 'registry');
    await writeFile(npmrc, `registry=${registry}\nprefer-offline=true\ncafile=${authorities}\n`);
    const pip = join(cacheFolder, 'pip');
    await mkdir(pip, { recursive: true });
    const npmCache = await must('npm', 'config', 'get', 'cache');
    const mounts = [
      [npmrc, '/root/.npmrc:ro'],
      [npmCache, '/root/.npm'],
      [pip, '/root/.cache/pip'],
      [authorities, `${authorities}:ro`],
      ...(await goCaches()),
      ['/etc/pip.conf', '/etc/pip.conf:ro'],
    ] as const;
    await buildah(
      ...['build', '--isolation', 'chroot', '--file', file, '--tag', tag],
      ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
      ...mounts.flatMap(([from, to]) => (existsSync(from) ? ['--volume', `${from}:${to}`] : [])),
      context,
    );
  } finally {
    await rm(settings, { recursive: true, force: true });
  }
}
