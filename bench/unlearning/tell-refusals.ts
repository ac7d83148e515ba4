/**
 * Imported for what it does: a bench that refuses its arguments or is stopped says so in a line,
 * and ends with 2, stopped with 130. Anything else thrown keeps its stack.
 */
import { LetheError } from '@lethe/contracts';

process.on('uncaughtException', (thrown) => {
  if (!(thrown instanceof LetheError) && !isOfParseArgs(thrown)) {
    console.error(thrown);
    process.exit(1);
  }
  process.stderr.write(`\x1b[2K\r${thrown.message}\n`);
  process.exit(thrown instanceof LetheError && thrown.code === 'cancelled' ? 130 : 2);
});

function isOfParseArgs(error: Error & { readonly code?: unknown }): boolean {
  return typeof error.code === 'string' && error.code.startsWith('ERR_PARSE_ARGS_');
}
