import {
  type DeadLetterServiceService,
  DecideDeadLetterResponse,
  type ErrorCode,
  LetheError,
} from '@lethe/contracts';
import type { PromiseClient } from '@lethe/service-kit';
import { exitCodeOfRefusals } from '../output/exit-codes.ts';
import type { Output } from '../output/output.ts';

export interface DecideOptions {
  readonly reason: string;
  readonly by: string;
  readonly all?: boolean;
  readonly topic?: string;
  readonly model?: string;
}

/** Decides about each; one that is refused does not stop the others. Gives the exit code. */
export async function decideEach(
  letters: PromiseClient<typeof DeadLetterServiceService>,
  ids: readonly string[],
  options: DecideOptions,
  out: Output,
  { done, decide }: { done: string; decide: (id: string) => Promise<DecideDeadLetterResponse> },
): Promise<number> {
  checkChoice(ids, options);
  const refusals = new Set<ErrorCode>();
  let count = 0;
  for await (const id of ids.length > 0 ? ids : openIds(letters, options)) {
    count += 1;
    try {
      const answer = await decide(id);
      out.result(DecideDeadLetterResponse.toJSON(answer));
      const by = answer.deadLetter?.resolution?.actor ?? 'somebody';
      out.line(answer.already ? `${id} was ${done} before, by ${by}` : `${id} ${done}`);
      if (answer.note !== '') out.note(`  ${answer.note}`);
    } catch (thrown) {
      const error = LetheError.from(thrown);
      refusals.add(error.code);
      out.refused(id, error);
    }
  }
  if (count === 0) out.line('No dead letter waits.');
  return exitCodeOfRefusals(refusals);
}

function checkChoice(ids: readonly string[], { all, topic, model }: DecideOptions): void {
  const named = ids.length > 0;
  if (named === (all === true)) {
    const what = named ? 'is given beside ids' : 'is missing, and so are ids';
    throw LetheError.invalid('--all', String(all ?? ''), what, 'Give ids, or --all.');
  }
  if (named && (topic ?? model) !== undefined) {
    const remedy = 'Leave it out, or use --all instead of ids.';
    throw LetheError.invalid(
      topic === undefined ? '--model' : '--topic',
      topic ?? model,
      'only goes with --all',
      remedy,
    );
  }
}

/** Every open entry, in the order of the originals. */
async function* openIds(
  letters: PromiseClient<typeof DeadLetterServiceService>,
  { topic = '', model = '' }: DecideOptions,
): AsyncGenerator<string> {
  for (let pageToken = ''; ; ) {
    const page = await letters.listDeadLetters({
      state: 0,
      topic,
      modelKey: model,
      limit: 500,
      pageToken,
    });
    const inOrder = page.deadLetters.toSorted((a, b) => Number(a.offset - b.offset));
    for (const { id } of inOrder) yield id;
    if (page.nextPageToken === '') return;
    pageToken = page.nextPageToken;
  }
}
