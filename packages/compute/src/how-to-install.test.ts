import { describe, expect, it } from 'vitest';
import { howToInstall } from './how-to-install.ts';

describe('advice on how to have a backend', () => {
  it('names the script of a checkout', () => {
    expect(howToInstall('gpu')).toBe('npm run native:install gpu');
    expect(howToInstall('webgpu')).toBe('npm run webgpu:install');
  });

  it('names no script where there is none, as in an image', () => {
    for (const backend of ['cpu', 'gpu', 'webgpu'] as const) {
      expect(howToInstall(backend, '/nowhere/scripts')).toMatch(/^use (?!.*npm)/);
    }
  });
});
