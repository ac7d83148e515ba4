import { LetheError } from '@lethe/contracts/errors';
import { CommanderError } from 'commander';
import { exitCodeOf, exitCodes } from './output/exit-codes.ts';
import { createOutput } from './output/output.ts';
import { createProgram } from './program.ts';

/** Runs one command line; gives the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const out = createOutput({ json: args.includes('--json') });
  const outcome = { exitCode: exitCodes.ok as number };
  try {
    await createProgram(out, outcome).parseAsync([...args], { from: 'user' });
    return outcome.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      if (thrown.exitCode === 0) return exitCodes.ok;
      if (out.json) out.error(usageError(thrown));
      return exitCodes.usage;
    }
    out.error(thrown);
    return exitCodeOf(LetheError.from(thrown).code);
  }
}

/** For `--json`: commander's own text, which people get, is not JSON. */
function usageError({ code, message }: CommanderError): LetheError {
  const text = code === 'commander.help' ? 'no command is given' : message.replace(/^error: /, '');
  return new LetheError('invalid', `${text.replace(/\.$/, '')}. lethe --help shows what there is.`);
}
