import { DeadLetter, DeadLetterContent } from '@lethe/contracts';
import { daysLeft } from '@lethe/service-kit';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { deadLetterStateName } from '../output/names.ts';
import type { Output } from '../output/output.ts';
import { connectDeadLetters } from './running-lethe.ts';

interface ShowOptions {
  readonly body?: boolean;
}

export const run: CommandFunction<ShowOptions> = async (options, out, id = '') => {
  await using letters = connectDeadLetters(options);
  const content = await letters.getDeadLetter({ id });
  const { deadLetter } = content;
  if (deadLetter === undefined) return exitCodes.internal;
  if (options.body === true) out.result(DeadLetterContent.toJSON(content));
  else out.result(DeadLetter.toJSON(deadLetter));
  for (const [name, value] of facts(deadLetter)) {
    if (value !== '') out.line(`${name.padEnd(13)} ${value}`);
  }
  if (options.body === true) showBody(content, out);
  return exitCodes.ok;
};

function facts(letter: DeadLetter): [string, string][] {
  const { deadline, resolution } = letter;
  return [
    ['id', letter.id],
    ['state', deadLetterStateName(letter.state)],
    ['original', `offset ${letter.offset} of ${letter.topic}/${letter.partition}`],
    ['set aside', `by ${letter.stage || 'nobody who said so'}, attempt ${letter.attempt}`],
    ['at', letter.time?.toISOString() ?? ''],
    ['reason', `${letter.reason} (${letter.errorClass || 'no class'})`],
    ['model', letter.modelKey],
    ['request', letter.requestId === '' ? '' : `${letter.requestId} of ${letter.emitter || '–'}`],
    [
      'deadline',
      deadline === undefined
        ? ''
        : `${deadline.toISOString()}, ${daysLeft(deadline, new Date())} days left`,
    ],
    ['size', letter.hasBody ? `${letter.sizeBytes} bytes` : 'the bytes were too big to keep'],
    ['replay of', letter.replayOf],
    [
      'decided',
      resolution === undefined
        ? ''
        : `${deadLetterStateName(resolution.state)} by ${resolution.actor} at ${resolution.time?.toISOString() ?? ''}: ${resolution.reason}`,
    ],
  ];
}

function showBody({ key, headers, value }: DeadLetterContent, out: Output): void {
  out.line(`key           ${JSON.stringify(key)}`);
  for (const [name, text] of Object.entries(headers)) {
    out.line(`header        ${name}: ${JSON.stringify(text)}`);
  }
  const bytes = Buffer.from(value);
  const text = bytes.toString('utf8');
  out.line();
  out.line(Buffer.from(text, 'utf8').equals(bytes) ? text : bytes.toString('base64'));
}
