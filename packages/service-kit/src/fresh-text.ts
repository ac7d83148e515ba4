import { readFileSync } from 'node:fs';
import { LetheError } from '@lethe/contracts';

/**
 * The text of a file, read anew at every call: secrets and certificates are replaced while programs
 * run. A file that cannot be read for a while, or makes no sense, leaves the former text in place.
 *
 * @param setting names the file in errors
 * @param problem says what is wrong with a text, where something is
 * @throws LetheError `invalid` at the first reading
 */
export function freshText(
  setting: { readonly env: string; readonly help: string },
  file: string,
  problem: (text: string) => string | undefined,
): () => string {
  const read = () => {
    const text = textOf(setting, file);
    const wrong = problem(text);
    if (wrong !== undefined) throw LetheError.invalid(setting.env, file, wrong, setting.help);
    return text;
  };
  let last = read();
  return () => {
    try {
      last = read();
    } catch {
      // Somebody is replacing it: the next connection reads it again.
    }
    return last;
  };
}

function textOf({ env, help }: { env: string; help: string }, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code = 'unreadable' } = cause as NodeJS.ErrnoException;
    throw LetheError.invalid(env, file, `names a file that cannot be read (${code})`, help);
  }
}
