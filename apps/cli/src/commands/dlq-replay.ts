import type { CommandFunction } from '../command-function.ts';
import { type DecideOptions, decideEach } from '../dlq/decide-each.ts';
import { connectDeadLetters } from './running-lethe.ts';

interface ReplayOptions extends DecideOptions {
  readonly outOfOrder?: boolean;
}

export const run: CommandFunction<ReplayOptions> = async (options, out, ...ids) => {
  await using letters = connectDeadLetters(options);
  const outOfOrder = options.outOfOrder === true;
  return await decideEach(letters, ids.flat(), options, out, {
    done: 'replayed',
    decide: (id) =>
      letters.replayDeadLetter({ id, reason: options.reason, actor: options.by, outOfOrder }),
  });
};
