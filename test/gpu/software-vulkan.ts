import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { webgpuPackages } from '../../packages/compute/src/dawn.ts';
import { findChromium } from '../../scripts/chromium/recipe.ts';

const chromium = findChromium();

/** SwiftShader comes with Chromium, as does a loader. */
const chromiumFolders = ['/usr/lib/chromium', ...(chromium ? [dirname(chromium.program)] : [])];

/**
 * Environment in which the Vulkan loader finds drivers that compute on the processor: SwiftShader,
 * then lavapipe (Dawn refuses Mesa's before 24 or so, and takes the other); what the caller has set
 * in VK_DRIVER_FILES goes first. `undefined` where there is none, or no WebGPU backend.
 */
export function softwareVulkan(): Record<string, string> | undefined {
  const named = process.env['VK_DRIVER_FILES'] ?? process.env['VK_ICD_FILENAMES'];
  const drivers = named === undefined ? [...swiftShader(), ...lavapipe()] : [named];
  if (drivers.length === 0 || !existsSync(webgpuPackages)) return undefined;
  const libraries = [process.env['LD_LIBRARY_PATH'] ?? [], chromiumFolders].flat().filter(Boolean);
  return {
    VK_DRIVER_FILES: drivers.join(':'),
    VK_ICD_FILENAMES: drivers.join(':'),
    LD_LIBRARY_PATH: libraries.join(':'),
  };
}

function swiftShader(): string[] {
  return chromiumFolders
    .map((folder) => join(folder, 'vk_swiftshader_icd.json'))
    .filter(existsSync)
    .slice(-1);
}

function lavapipe(): string[] {
  const folder = '/usr/share/vulkan/icd.d';
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.startsWith('lvp_icd'))
    .map((name) => join(folder, name));
}
