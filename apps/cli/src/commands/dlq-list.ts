import { DeadLetter, type DeadLetterState } from '@lethe/contracts';
import { daysLeft } from '@lethe/service-kit';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { parseDeadLetterState } from '../output/names.ts';
import { connectDeadLetters } from './running-lethe.ts';

interface ListOptions {
  readonly topic?: string;
  readonly model?: string;
  readonly state: string;
  readonly limit: number;
}

export const run: CommandFunction<ListOptions> = async (options, out) => {
  const state: DeadLetterState = parseDeadLetterState(options.state);
  await using letters = connectDeadLetters(options);
  const found = await letters.listDeadLetters({
    state,
    topic: options.topic ?? '',
    modelKey: options.model ?? '',
    limit: options.limit,
    pageToken: '',
  });
  for (const letter of found.deadLetters) out.result(DeadLetter.toJSON(letter));
  if (found.deadLetters.length === 0) {
    out.line(options.state === 'open' ? 'No dead letter waits.' : 'No such dead letters.');
    return exitCodes.ok;
  }
  out.table(columns, found.deadLetters.map(row));
  if (found.nextPageToken !== '') out.note('There are more: use --limit, --topic or --model.');
  return exitCodes.ok;
};

const columns = [
  { title: 'id' },
  { title: 'model' },
  { title: 'set aside by' },
  { title: 'at' },
  { title: 'days left', align: 'right' },
  { title: 'reason' },
] as const;

function row(letter: DeadLetter): string[] {
  const { deadline } = letter;
  return [
    letter.id,
    letter.modelKey === '' ? '–' : letter.modelKey,
    letter.stage,
    letter.time?.toISOString().slice(0, 16) ?? '',
    deadline === undefined ? '' : String(daysLeft(deadline, new Date())),
    letter.reason.length > 70 ? `${letter.reason.slice(0, 69)}…` : letter.reason,
  ];
}
