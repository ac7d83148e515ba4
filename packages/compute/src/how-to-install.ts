import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A checkout's; an image holds only what was built into it. */
const scriptsHere = fileURLToPath(new URL('../../../scripts', import.meta.url));

/** What whoever runs this does to have a backend that is absent. */
export function howToInstall(backend: 'cpu' | 'gpu' | 'webgpu', scripts = scriptsHere): string {
  if (existsSync(scripts)) {
    return backend === 'webgpu' ? 'npm run webgpu:install' : `npm run native:install ${backend}`;
  }
  return backend === 'webgpu'
    ? 'use a checkout, images are built without WebGPU'
    : `use an image built with BACKEND=${backend}`;
}
