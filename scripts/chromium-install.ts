import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromiumCache, chromiumPackages, findChromium, inFolder } from './chromium/recipe.ts';
import { buildInCache } from './install/build-in-cache.ts';
import { InstallFailure } from './install/install-failure.ts';
import { runInstall, say } from './install/run-install.ts';
import { runTool } from './install/run-tool.ts';

const help = `npm run chromium:install [-- --force]

Gets the Chromium that npm run test:console drives: Debian's own package, 100 MB, fetched with apt-get
(which checks Debian's signatures) and unpacked into \${XDG_CACHE_HOME:-~/.cache}/lethe/chromium. Needs no
root and changes nothing of the system. A chromium in PATH is used instead; LETHE_TEST_CHROMIUM names
another one.

  --force    fetch again: Debian's present version`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' }, force: { type: 'boolean' } },
  });
  if (values.help) return console.log(help);
  const found = findChromium();
  if (found !== undefined && values.force !== true) {
    return say(`Chromium is ${found.program}, ${await versionOf(found)}`);
  }
  await buildInCache({
    target: chromiumCache(),
    say,
    force: values.force ?? false,
    build: async (folder) => ({ version: await fetchPackages(folder) }),
  });
  say(`Chromium is in ${chromiumCache()}`);
}

async function fetchPackages(folder: string): Promise<string> {
  const apt = join(folder, 'apt');
  await mkdir(join(apt, 'lists/partial'), { recursive: true });
  await mkdir(join(apt, 'cache/archives/partial'), { recursive: true });
  // Its own lists and downloads; of the system, only what is installed, the sources and their keys.
  const options = [
    ...['-o', `Dir::State::lists=${join(apt, 'lists')}`, '-o', `Dir::Cache=${join(apt, 'cache')}`],
    ...['-o', 'Debug::NoLocking=1', '-o', 'APT::Sandbox::User=', '--quiet', '--yes'],
  ];
  say('Asking Debian for its packages');
  await apted([...options, 'update']);
  say('Fetching Chromium: 100 MB');
  const install = ['install', '--download-only', '--no-install-recommends', '--reinstall'];
  await apted([...options, ...install, ...chromiumPackages]);
  const archives = join(apt, 'cache/archives');
  for (const name of await readdir(archives)) {
    if (!name.endsWith('.deb')) continue;
    await tool('dpkg-deb', ['--extract', join(archives, name), folder]);
  }
  await rm(apt, { recursive: true });
  return await versionOf(inFolder(folder));
}

async function versionOf({ program, libraries }: ReturnType<typeof inFolder>): Promise<string> {
  const env = { ...process.env, LD_LIBRARY_PATH: libraries.join(':') };
  const { status, output } = await runTool(program, ['--version'], { env });
  if (status === 0) return output.trim();
  throw new InstallFailure(
    `${program} does not start: ${output.split('\n').slice(0, 3).join(' ')}`,
    'install what it lacks, or: apt-get install chromium',
  );
}

async function apted(args: readonly string[]): Promise<void> {
  await tool('apt-get', args);
}

async function tool(name: string, args: readonly string[]): Promise<void> {
  const { status, output } = await runTool(name, args);
  if (status === 0) return;
  throw new InstallFailure(
    `${name} ${args.at(-1)} fails:\n${output.trim().split('\n').slice(-5).join('\n')}`,
    'on another system than Debian install a Chromium and set LETHE_TEST_CHROMIUM to it; else check the network and /etc/apt/sources.list',
  );
}

await runInstall('chromium:install', main);
