import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../../../scripts/chromium/recipe.ts';

/** A real Chromium without a window. @throws when there is none: nothing is skipped */
export async function openChromium(): Promise<Browser> {
  const found = findChromium();
  if (found === undefined) throw new Error('no Chromium is here. Run: npm run chromium:install');
  const { LD_LIBRARY_PATH = '', ...env } = process.env;
  const folders = [...found.libraries, ...(LD_LIBRARY_PATH === '' ? [] : [LD_LIBRARY_PATH])];
  return await chromium.launch({
    executablePath: found.program,
    // Its own sandbox needs rights that containers do not give; what it loads here is ours.
    args: ['--no-sandbox'],
    env: {
      ...Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
      ...(folders.length === 0 ? {} : { LD_LIBRARY_PATH: folders.join(':') }),
    } as Record<string, string>,
  });
}
