import { CallbackDelivery } from '@lethe/contracts';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { parseCallbackState, stateName } from '../output/names.ts';
import { connectCallbacks } from './running-lethe.ts';

interface ListOptions {
  readonly state: string;
  readonly emitter?: string;
  readonly limit: number;
}

export const run: CommandFunction<ListOptions> = async (options, out) => {
  await using callbacks = connectCallbacks(options);
  const found: CallbackDelivery[] = [];
  let pageToken = '';
  do {
    const page = await callbacks.listCallbacks({
      state: parseCallbackState(options.state),
      emitter: options.emitter ?? '',
      limit: options.limit - found.length,
      pageToken,
    });
    found.push(...page.deliveries);
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && found.length < options.limit);
  for (const each of found) out.result(CallbackDelivery.toJSON(each));
  if (found.length === 0) {
    out.line(options.state === 'failed' ? 'No callback failed.' : 'No such callbacks.');
    return exitCodes.ok;
  }
  out.table(columns, found.map(row));
  if (pageToken !== '') out.note('There are more: use --limit or --emitter.');
  return exitCodes.ok;
};

const columns = [
  { title: 'id' },
  { title: 'emitter' },
  { title: 'request' },
  { title: 'status' },
  { title: 'attempts', align: 'right' },
  { title: 'last at' },
  { title: 'problem' },
] as const;

function row(delivery: CallbackDelivery): string[] {
  return [
    delivery.id,
    delivery.emitter,
    delivery.requestId,
    stateName(delivery.requestState),
    String(delivery.attempts),
    delivery.lastAttemptTime?.toISOString().slice(0, 19) ?? '',
    delivery.problem,
  ];
}
