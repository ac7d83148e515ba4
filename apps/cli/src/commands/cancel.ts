import type { CommandFunction } from '../command-function.ts';
import { connectRequests } from './running-lethe.ts';
import { type WithdrawOptions, withdrawUntilDone } from './withdraw.ts';

export const run: CommandFunction<WithdrawOptions> = async (options, out, requestId = '') => {
  await using requests = connectRequests(options, options.by);
  return await withdrawUntilDone(options, out, requestId, (ask) => requests.cancelRequest(ask));
};
