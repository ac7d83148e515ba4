import { readFile, stat } from 'node:fs/promises';
import { LetheError } from '@lethe/contracts';

const lookEveryMs = 1_000;

/**
 * What is made of the texts of some files, made anew when one of them has changed: secrets and
 * certificates are replaced while programs run. A file that cannot be read for a while, or makes no
 * sense, leaves the former value in place.
 */
export class ChangingFiles<T> {
  readonly #files: readonly string[];
  readonly #make: (...texts: readonly string[]) => T;
  readonly #settings: readonly string[];
  #value: T;
  #stamp: string;
  #lookedAtMs = performance.now();
  #looking: Promise<void> | undefined;

  private constructor(
    files: readonly string[],
    make: (...texts: readonly string[]) => T,
    settings: readonly string[],
    first: { readonly value: T; readonly stamp: string },
  ) {
    this.#files = files;
    this.#make = make;
    this.#settings = settings;
    this.#value = first.value;
    this.#stamp = first.stamp;
  }

  /**
   * @param settings the setting that names each file, for errors
   * @throws LetheError `invalid` naming a file that cannot be read; what `make` throws
   */
  static async read<T>(
    files: readonly string[],
    make: (...texts: readonly string[]) => T,
    settings: readonly string[],
  ): Promise<ChangingFiles<T>> {
    const stamp = await stampOf(files, settings);
    const value = make(...(await textsOf(files, settings)));
    return new ChangingFiles(files, make, settings, { value, stamp });
  }

  /** The value; the same object as long as nothing has changed. Looks at most once a second. */
  async current(): Promise<T> {
    if (performance.now() - this.#lookedAtMs >= lookEveryMs) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
      await this.#looking;
    }
    return this.#value;
  }

  async #look(): Promise<void> {
    this.#lookedAtMs = performance.now();
    try {
      const stamp = await stampOf(this.#files, this.#settings);
      if (stamp === this.#stamp) return;
      this.#value = this.#make(...(await textsOf(this.#files, this.#settings)));
      this.#stamp = stamp;
    } catch {
      // Somebody is replacing them: look again.
    }
  }
}

/**
 * One file after the other: of several that cannot be read, the first is named.
 *
 * Follows symbolic links, by which Kubernetes replaces the files of a secret all at once.
 */
async function stampOf(files: readonly string[], settings: readonly string[]): Promise<string> {
  const stamps: string[] = [];
  for (const [index, file] of files.entries()) {
    const stats = await stat(file, { bigint: true }).catch(unreadable(file, settings[index]));
    stamps.push(`${stats.ino}-${stats.mtimeNs}-${stats.size}`);
  }
  return stamps.join(' ');
}

async function textsOf(files: readonly string[], settings: readonly string[]): Promise<string[]> {
  const texts: string[] = [];
  for (const [index, file] of files.entries()) {
    texts.push(await readFile(file, 'utf8').catch(unreadable(file, settings[index])));
  }
  return texts;
}

function unreadable(file: string, setting = 'file'): (thrown: unknown) => never {
  return (thrown) => {
    const reason = (thrown as NodeJS.ErrnoException).code ?? 'unreadable';
    const remedy = 'Give a readable file; of a mounted secret, look whether it has this key.';
    throw LetheError.invalid(setting, file, `cannot be read (${reason})`, remedy);
  };
}
