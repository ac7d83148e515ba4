import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { LetheError, sha256 } from '@lethe/contracts';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';

interface TokenOptions {
  readonly out: string;
}

/** A new token into a file of its owner's only; its digest, for the identities file, to the caller. */
export const run: CommandFunction<TokenOptions> = async (options, out) => {
  const token = randomBytes(32).toString('base64url');
  try {
    writeFileSync(options.out, `${token}\n`, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    const { message } = cause as Error;
    const remedy = 'Give a new file in a folder that is there.';
    throw LetheError.invalid('--out', options.out, message, remedy);
  }
  const digest = sha256(token);
  out.result({ file: options.out, token_sha256: digest });
  out.line(`The token is in ${options.out}. For the identities file:`);
  out.line(`  "token_sha256": ["${digest}"]`);
  return exitCodes.ok;
};
