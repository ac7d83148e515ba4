import { CallbackDelivery } from '@lethe/contracts';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { callbackStateName, stateName } from '../output/names.ts';
import { connectCallbacks } from './running-lethe.ts';

export const run: CommandFunction<object> = async (options, out, id = '') => {
  await using callbacks = connectCallbacks(options);
  const delivery = await callbacks.getCallback({ id });
  out.result(CallbackDelivery.toJSON(delivery));
  for (const [name, value] of facts(delivery)) {
    if (value !== '') out.line(`${name.padEnd(13)} ${value}`);
  }
  return exitCodes.ok;
};

function facts(delivery: CallbackDelivery): [string, string][] {
  const { httpStatus, status } = delivery;
  return [
    ['id', delivery.id],
    ['state', callbackStateName(delivery.state)],
    ['emitter', delivery.emitter],
    ['request', `${delivery.requestId} of ${delivery.modelKey}`],
    ['status', `${stateName(delivery.requestState)}: ${status?.detail ?? ''}`],
    ['since', delivery.createdTime?.toISOString() ?? ''],
    ['attempts', String(delivery.attempts)],
    ['last', delivery.lastAttemptTime?.toISOString() ?? ''],
    ['next', delivery.nextAttemptTime?.toISOString() ?? ''],
    ['answer', httpStatus === 0 ? '' : String(httpStatus)],
    ['problem', delivery.problem],
  ];
}
