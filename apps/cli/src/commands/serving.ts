import { LetheError, ServingPointer } from '@lethe/contracts';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { shortDigest } from '../output/format.ts';
import { connectRelease } from './running-lethe.ts';

interface ServingOptions {
  readonly at?: string;
  readonly limit: number;
}

export const run: CommandFunction<ServingOptions> = async (options, out, modelKey = '') => {
  await using release = connectRelease(options);
  const moves =
    options.at === undefined
      ? (await release.listMoves({ modelKey, beforeGeneration: 0, limit: options.limit })).moves
      : [await release.getServingAt({ modelKey, time: parseTime(options.at) })];
  for (const move of moves) out.result(ServingPointer.toJSON(move));
  out.table(
    [
      { title: 'serving from' },
      { title: 'generation', align: 'right' },
      { title: 'version', align: 'right' },
      { title: 'weights' },
      { title: 'how' },
    ],
    moves.map((move) => [
      move.promotedTime?.toISOString() ?? '',
      String(move.generation),
      String(move.sequence),
      shortDigest(move.weightsDigest),
      move.move === 'rollback'
        ? `rolled back by ${move.actor}: ${move.reason}`
        : move.sequence === 0
          ? 'the original'
          : `promoted, verdict ${shortDigest(move.verdictDigest)}`,
    ]),
  );
  return exitCodes.ok;
};

function parseTime(text: string): Date {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw LetheError.invalid('--at', text, 'is not a time', 'Write it as 2026-01-31T09:30:00Z.');
}
