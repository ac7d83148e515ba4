import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildInCache } from './install/build-in-cache.ts';
import { InstallFailure } from './install/install-failure.ts';
import { runInstall, say } from './install/run-install.ts';
import { runNpm, runTool } from './install/run-tool.ts';

const help = `npm run webgpu:install [-- --force]

Installs the WebGPU compute backend (tfjs-backend-webgpu on Dawn, Chromium's WebGPU) into this
checkout: for GPUs of any maker with a Vulkan driver (Metal or Direct3D 12 elsewhere). 54 MB to
download from npm, 23 MB on disk, no compiler. Without it everything works on the processor.

  --force    fetch again even if the cache has it

What is fetched lies in \${XDG_CACHE_HOME:-~/.cache}/lethe/webgpu and is copied into
packages/compute/webgpu, which npm leaves alone.
Needs, to compute: the Vulkan loader (Debian: libvulkan1) and the GPU's driver.`;

const dawnVersion = '0.6.2';
const tfjsVersion = '4.22.0';

const checkout = join(import.meta.dirname, '..');

/** Not in node_modules, which npm empties; the checkout's own tfjs is found from there. */
const installedPath = join(checkout, 'packages/compute/webgpu');

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' }, force: { type: 'boolean' } },
  });
  if (values.help) return console.log(help);
  const root = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const cache = join(root, 'lethe', 'webgpu', `${tfjsVersion}-${dawnVersion}-${platform()}`);
  await buildInCache({ target: cache, say, force: values.force ?? false, build: fetchPackages });
  await install(cache);
  say(await probe());
}

/** As the package names its folders. */
function platform(): string {
  return process.platform === 'darwin' ? 'darwin-universal' : `${process.platform}-${process.arch}`;
}

/** Both packages, pinned by the lock file beside this script, and of Dawn what serves here. */
async function fetchPackages(folder: string): Promise<unknown> {
  say(`Fetching webgpu ${dawnVersion} and tfjs-backend-webgpu ${tfjsVersion} from npm`);
  for (const name of ['package.json', 'package-lock.json']) {
    await cp(join(import.meta.dirname, 'webgpu', name), join(folder, name));
  }
  const { status, output } = await runNpm(
    // tfjs, which they ask for as a peer, is the checkout's.
    ['ci', '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: folder },
  );
  if (status !== 0) {
    throw new InstallFailure(
      `npm cannot fetch the packages:\n${output}`,
      'check the network and the settings of npm, then run this again',
    );
  }
  const fetched = join(folder, 'node_modules');
  const dawn = `webgpu/dist/${platform()}`;
  if (!existsSync(join(fetched, dawn))) {
    throw new InstallFailure(
      `Dawn is not built for ${platform()}`,
      'use the native backend (npm run native:install) or WebAssembly, which is always there',
    );
  }
  const backend = '@tensorflow/tfjs-backend-webgpu';
  for (const part of [
    ...['webgpu/package.json', 'webgpu/index.js', 'webgpu/LICENSE.md', dawn],
    ...[`${backend}/package.json`, `${backend}/dist/tf-backend-webgpu.node.js`],
  ]) {
    await cp(join(fetched, part), join(folder, 'package/node_modules', part), { recursive: true });
  }
  await rm(fetched, { recursive: true });
  return { dawnVersion, tfjsVersion };
}

async function install(cache: string): Promise<void> {
  const staged = `${installedPath}.installing-${process.pid}`;
  await mkdir(dirname(staged), { recursive: true });
  await cp(join(cache, 'package'), staged, { recursive: true });
  await rm(installedPath, { recursive: true, force: true });
  await rename(staged, installedPath);
}

/** Opens it in a process of its own. A GPU that is not there yet is no failure. */
async function probe(): Promise<string> {
  if (!existsSync(join(checkout, 'packages/compute/dist/index.js'))) return 'Installed';
  const code = `
    const { openBackend } = await import('./packages/compute/dist/index.js');
    console.log((await openBackend({ prefer: 'webgpu' })).description);`;
  const { status, stdout, output } = await runTool(
    process.execPath,
    ['--input-type=module', '-e', code],
    { cwd: checkout },
  );
  if (status === 0) return `Ready: ${stdout.trim().split('\n').at(-1)}`;
  const reason = /\(webgpu: (.*)\)/.exec(output)?.[1];
  if (reason?.startsWith('no GPU') === true) return `Installed, but ${reason}`;
  throw new InstallFailure(
    `it is installed but does not run: ${reason ?? output.slice(-2000)}`,
    'run this again with --force; the other backends are used meanwhile',
  );
}

await runInstall('webgpu:install', main);
