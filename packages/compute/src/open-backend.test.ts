import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { AbsentBackend } from './backend.ts';
import { hasGpuLoader, isDawnInstalled } from './dawn.ts';
import { openBackend } from './open-backend.ts';

const entry = fileURLToPath(new URL('../dist/index.js', import.meta.url));

/** Runs a line of code in a process of its own, since a process has only one backend. */
async function inNewProcess(code: string): Promise<{ stdout: string; stderr: string }> {
  const source = `import { openBackend } from ${JSON.stringify(entry)}; ${code}`;
  return promisify(execFile)(process.execPath, ['--input-type=module', '-e', source]);
}

describe('opening a backend', () => {
  it('gives WebAssembly when asked, as the engine every package computes with', async () => {
    const backend = await openBackend({ prefer: 'wasm' });
    expect(backend.name).toBe('wasm-simd');
    expect(tf.getBackend()).toBe('wasm');
    expect(Array.from(tf.tensor1d([1, 2]).square().dataSync())).toEqual([1, 4]);
  });

  it('gives the same backend again, and refuses another one in this process', async () => {
    const backend = await openBackend({ prefer: 'wasm' });
    expect(await openBackend()).toBe(backend);
    await expect(openBackend({ prefer: 'js' })).rejects.toThrow(/already computes with wasm-simd/);
  });

  it('refuses an unknown preference by naming the ones there are', async () => {
    await expect(openBackend({ prefer: 'cuda' as 'auto' })).rejects.toThrow(
      /backend = "cuda".*auto, native, webgpu, wasm, js/,
    );
  });

  it('opens something by itself, says why better ones are absent, and prints nothing', async () => {
    const { stdout, stderr } = await inNewProcess(
      'console.log(JSON.stringify(await openBackend()))',
    );
    const backend = JSON.parse(stdout);
    expect(['native-gpu', 'webgpu', 'native-cpu', 'wasm-simd']).toContain(backend.name);
    if (backend.name === 'wasm-simd') {
      const names = backend.absent.map(({ name }: AbsentBackend) => name);
      expect(names).toEqual(['native-gpu', 'webgpu', 'native-cpu']);
      expect(backend.absent[2].reason).toContain('npm run native:install cpu');
    }
    expect(stderr).not.toContain('already registered');
    // The drivers that Dawn looks at print what they like.
    if (!isDawnInstalled() || !hasGpuLoader()) expect(stderr).toBe('');
  });

  it('says what is missing for WebGPU and how to get it', async () => {
    const { stdout } = await inNewProcess(
      `process.env.VK_DRIVER_FILES = process.env.VK_ICD_FILENAMES = '/nowhere.json';
       await openBackend({ prefer: 'webgpu' }).catch(({ message }) => console.log(message));`,
    );
    expect(stdout).toContain('No webgpu compute backend can be opened');
    expect(stdout).toContain(
      isDawnInstalled() ? "its maker's Vulkan driver" : 'not installed: npm run webgpu:install',
    );
  });

  it('opens pure JavaScript only when asked, and without its banner', async () => {
    const { stdout, stderr } = await inNewProcess(
      `const { name } = await openBackend({ prefer: 'js' });
       const tf = await import('@tensorflow/tfjs');
       console.log(name, tf.getBackend(), tf.tensor1d([3]).square().dataSync()[0]);`,
    );
    expect(stdout.trim()).toBe('js cpu 9');
    expect(stderr).toBe('');
  });
});
