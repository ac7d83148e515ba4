import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { isWhole } from '../install/build-in-cache.ts';

/** A browser that tests may drive, and the libraries it needs beside the system's. */
export interface Chromium {
  readonly program: string;
  /** Folders for `LD_LIBRARY_PATH`. */
  readonly libraries: readonly string[];
}

/** Debian's package of the browser without a window, and a font. */
export const chromiumPackages = ['chromium-headless-shell', 'fonts-dejavu-core'] as const;

/** Outside the checkout, so that it serves every checkout and outlives `git clean`. */
export function chromiumCache(): string {
  const root = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(root, 'lethe', 'chromium');
}

/**
 * The browser that LETHE_TEST_CHROMIUM names, else the system's, else the one in the cache;
 * `undefined` where there is none.
 */
export function findChromium(): Chromium | undefined {
  const named = process.env['LETHE_TEST_CHROMIUM'];
  if (named) return { program: named, libraries: [] };
  for (const name of ['chromium-headless-shell', 'chromium']) {
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
      const program = join(folder, name);
      if (folder !== '' && existsSync(program)) return { program, libraries: [] };
    }
  }
  return isWhole(chromiumCache()) ? inFolder(chromiumCache()) : undefined;
}

/** Packages unpacked into a folder as they would be into the root of the system. */
export function inFolder(root: string): Chromium {
  const lib = join(root, 'usr/lib');
  const libraries = readdirSync(lib)
    .filter((name) => name.endsWith('-linux-gnu'))
    .flatMap((name) => [join(lib, name), join(lib, name, 'pulseaudio')]);
  return { program: join(lib, 'chromium/chromium-headless-shell'), libraries };
}
