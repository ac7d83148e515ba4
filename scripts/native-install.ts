import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { InstallFailure } from './install/install-failure.ts';
import { runInstall, say } from './install/run-install.ts';
import { buildPackage, isBuilt } from './native/build-package.ts';
import { linkPackage } from './native/link-package.ts';
import { checkNode, checkPrerequisites } from './native/prerequisites.ts';
import { probePackage } from './native/probe-package.ts';
import { cachePath, installedPath, type Variant } from './native/recipe.ts';
import { installVendorPackage } from './native/vendor-package.ts';

const help = `npm run native:install [cpu|gpu] [-- --vendor] [-- --force]

Installs the native compute backend (tfjs-node on libtensorflow) into this checkout, three to
four times as fast as WebAssembly on a CPU. Without it everything works, only slower.

  cpu        for machines without an NVIDIA GPU: 215 MB to download, 630 MB on disk
  gpu        with CUDA 12.3 and cuDNN 8.9: 3 GB to download, 4 GB on disk; needs a driver
             (default: gpu where a driver is found, else cpu)
  --vendor   try the vendor's downloads first (its install script, without checksums)
  --force    build again even if the cache has it

What is built lies in \${XDG_CACHE_HOME:-~/.cache}/lethe/native and serves every checkout: a second
run takes seconds. It is linked into packages/compute/native, which npm leaves alone (what
--vendor brings, npm ci and npm install remove again).
Needs Linux on x64, g++, python3 with pip, and the npm and Python package indexes.`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      vendor: { type: 'boolean' },
      force: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(help);
  const variant = parseVariant(positionals);
  checkNode();
  const installed = values.vendor ? await installVendorPackage(variant) : undefined;
  if (installed === undefined) {
    if (values.vendor) say("The vendor's downloads failed; building from the registries instead");
    await installBuilt(variant, values.force ?? false);
  }
  say(`Ready: ${await probePackage(installed ?? installedPath)}`);
}

async function installBuilt(variant: Variant, force: boolean): Promise<void> {
  if (force || !isBuilt(variant)) {
    await checkPrerequisites(variant);
    await buildPackage(variant, say, force);
  } else {
    say(`Taking it from ${cachePath(variant)}`);
  }
  await linkPackage(variant);
}

function parseVariant(positionals: readonly string[]): Variant {
  const [variant = existsSync('/proc/driver/nvidia/version') ? 'gpu' : 'cpu', ...rest] =
    positionals;
  if (rest.length === 0 && (variant === 'cpu' || variant === 'gpu')) return variant;
  throw new InstallFailure(`"${positionals.join(' ')}" is not a variant`, 'use cpu or gpu');
}

await runInstall('native:install', main);
