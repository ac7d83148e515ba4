import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { InstallFailure } from './install/install-failure.ts';
import { runInstall } from './install/run-install.ts';
import { runNpm } from './install/run-tool.ts';
import { packageName, tfjsVersion, type Wheel, wheels } from './native/recipe.ts';
import { type Component, completeBill, type LockFile } from './sbom/complete-bill.ts';

const help = `npm run -s sbom -- cpu|gpu|wasm > sbom.cdx.json

Writes a bill of materials (CycloneDX 1.5, JSON) of what an image with this backend holds: the npm
packages that are installed, as npm says, and the libraries of the native backend, by checksum.`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return console.log(help);
  const [backend = '', ...rest] = positionals;
  if (rest.length > 0 || !['cpu', 'gpu', 'wasm'].includes(backend)) {
    throw new InstallFailure(`"${positionals.join(' ')}" is no backend`, 'use cpu, gpu or wasm');
  }
  const { status, stdout, output } = await runNpm(
    ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--omit=dev'],
    { cwd: `${import.meta.dirname}/..` },
  );
  if (status !== 0) throw new InstallFailure(`npm sbom fails:\n${output}`, 'run npm ci first');
  const bill = JSON.parse(stdout) as { components: Component[]; serialNumber?: string };
  const lock = readFileSync(`${import.meta.dirname}/../package-lock.json`);
  bill.components = completeBill(bill.components, JSON.parse(lock.toString()) as LockFile);
  if (backend !== 'wasm') bill.components.push(...nativeComponents(backend as 'cpu' | 'gpu'));
  // Two builds of the same have the same bill.
  bill.serialNumber = `urn:uuid:${uuidOf(`${backend} ${createHash('sha256').update(lock).digest('hex')}`)}`;
  const { metadata } = bill as unknown as { metadata: { timestamp?: string } };
  delete metadata.timestamp;
  console.log(JSON.stringify(bill, null, 2));
}

function nativeComponents(variant: 'cpu' | 'gpu'): Component[] {
  const purl = `pkg:npm/${packageName.replace('@', '%40')}@${tfjsVersion}`;
  const binding = { name: packageName, version: tfjsVersion, purl, 'bom-ref': purl };
  return [{ type: 'library', ...binding }, ...wheels[variant].map(wheelComponent)];
}

function wheelComponent({ name, version, sha256 }: Wheel): Component {
  const purl = `pkg:pypi/${name}@${version}`;
  const hashes = [{ alg: 'SHA-256', content: sha256 } as const];
  return { type: 'library', name, version, purl, 'bom-ref': purl, hashes };
}

/** A UUID of version 8 (RFC 9562) made of a text. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

await runInstall('sbom', main);
