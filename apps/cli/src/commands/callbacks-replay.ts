import { LetheError } from '@lethe/contracts';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { connectCallbacks } from './running-lethe.ts';

interface ReplayOptions {
  readonly request?: string;
  readonly emitter?: string;
}

export const run: CommandFunction<ReplayOptions> = async (options, out, ...given) => {
  const ids = given.flat();
  const { request, emitter = '' } = options;
  if ((ids.length === 0) === (request === undefined)) {
    const remedy = 'Give ids (lethe callbacks list), or --request with the id of a request.';
    throw LetheError.invalid('id', ids.join(' '), 'and --request: one of the two', remedy);
  }
  await using callbacks = connectCallbacks(options);
  const asked =
    request === undefined
      ? ids.map((id) => ({ id, requestId: '', emitter: '' }))
      : [{ id: '', requestId: request, emitter }];
  for (const each of asked) {
    const { id } = await callbacks.replayCallback(each);
    out.result({ id });
    out.line(`${id} is sent again. See: lethe callbacks show ${id}`);
  }
  return exitCodes.ok;
};
