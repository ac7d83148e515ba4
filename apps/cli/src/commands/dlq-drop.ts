import type { CommandFunction } from '../command-function.ts';
import { type DecideOptions, decideEach } from '../dlq/decide-each.ts';
import { connectDeadLetters } from './running-lethe.ts';

export const run: CommandFunction<DecideOptions> = async (options, out, ...ids) => {
  await using letters = connectDeadLetters(options);
  return await decideEach(letters, ids.flat(), options, out, {
    done: 'dropped',
    decide: (id) =>
      letters.dropDeadLetter({
        id,
        reason: options.reason,
        actor: options.by,
        outOfOrder: false,
      }),
  });
};
