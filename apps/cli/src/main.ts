import { LetheError } from '@lethe/contracts';
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
    if (thrown instanceof CommanderError)
      return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    out.error(thrown);
    return exitCodeOf(LetheError.from(thrown).code);
  }
}
