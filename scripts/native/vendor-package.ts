import { runNpm } from '../install/run-tool.ts';
import { checkout, tfjsVersion, type Variant } from './recipe.ts';

/**
 * The vendor's way: npm runs the package's install script, which downloads libtensorflow and
 * a prebuilt binding (no checksums). @returns the package's name, `undefined` when it fails
 */
export async function installVendorPackage(variant: Variant): Promise<string | undefined> {
  const name = variant === 'gpu' ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node';
  const { status } = await runNpm(
    [
      ...['install', '--no-save', '--no-package-lock', '--no-audit', '--no-fund'],
      ...['--loglevel=error', '--foreground-scripts', `${name}@${tfjsVersion}`],
    ],
    { cwd: checkout, show: true },
  );
  return status === 0 ? name : undefined;
}
