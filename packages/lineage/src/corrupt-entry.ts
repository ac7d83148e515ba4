import { LetheError } from '@lethe/contracts';

/** An entry of a log that breaks one of the rules in fold.ts. */
export function corruptEntry(modelKey: string, sequence: number, what: string): LetheError {
  const advice = 'Restore the log from a backup';
  return new LetheError('corrupt', `entry ${sequence} of ${modelKey} ${what}. ${advice}`);
}
