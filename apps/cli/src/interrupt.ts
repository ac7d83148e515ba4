import { LetheError } from '@lethe/contracts/errors';
import { exitCodes } from './output/exit-codes.ts';
import type { Output } from './output/output.ts';

/**
 * Ends the process at Ctrl-C or SIGTERM, with a word and its exit code; `exit` listeners run, and
 * compute processes end with this one. What is stored is stored whole or not at all. Until disposed.
 */
export function exitOnSignals(out: Output): Disposable {
  const onSignal = (signal: NodeJS.Signals) => {
    out.error(new LetheError('cancelled', `interrupted by ${signal}; nothing is half-done`));
    process.exit(signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    [Symbol.dispose]() {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    },
  };
}
