import {
  type DeadLetter,
  DeadLetterState,
  LetheError,
  ListDeadLettersRequest,
  ListRequestsRequest,
  RequestState,
  RequestStatus,
} from '@lethe/contracts';
import type { CommandFunction, GlobalOptions } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { deadLetterStateName, parseState, stateName } from '../output/names.ts';
import type { Output } from '../output/output.ts';
import { connectDeadLetters, connectRegistry, emitterOf } from './running-lethe.ts';

interface StatusOptions {
  readonly emitter?: string;
  readonly model?: string;
  readonly state?: string;
  readonly limit: number;
}

export const run: CommandFunction<StatusOptions> = async (options, out, requestId) => {
  await using registry = connectRegistry(options);
  if (requestId !== undefined) {
    showRequest(await registry.getRequest({ requestId, emitter: emitterOf(options) }), out);
    return exitCodes.ok;
  }
  const { requests } = await registry.listRequests(
    ListRequestsRequest.fromPartial({
      modelKey: options.model ?? '',
      state: options.state ? parseState(options.state) : RequestState.REQUEST_STATE_UNSPECIFIED,
      limit: options.limit,
      newestFirst: true,
    }),
  );
  for (const request of requests) out.result(RequestStatus.toJSON(request));
  if (requests.length === 0) {
    const asked = options.model !== undefined || options.state !== undefined;
    out.line(asked ? 'No such requests.' : 'No requests yet. Send one with: lethe submit');
  } else {
    out.table(columns, requests.map(requestRow));
  }
  await noteDeadLetters(options, out);
  return exitCodes.ok;
};

const columns = [
  { title: 'request' },
  { title: 'emitter' },
  { title: 'model' },
  { title: 'state' },
  { title: 'samples', align: 'right' },
  { title: 'days left', align: 'right' },
  { title: 'time over', align: 'right' },
] as const;

function requestRow(status: RequestStatus): string[] {
  const { current, daysLeft, deadLetters, clockPercent } = status;
  if (current === undefined) return [];
  return [
    current.requestId,
    current.emitter,
    current.modelCount > 0 ? `${current.modelCount} models` : current.modelKey,
    waits(deadLetters) ? `${stateName(current.state)}, set aside` : stateName(current.state),
    String(current.sampleCount),
    String(daysLeft),
    `${clockPercent} %`,
  ];
}

function showRequest(status: RequestStatus, out: Output): void {
  out.result(RequestStatus.toJSON(status));
  out.table(columns, [status, ...status.models].map(requestRow));
  out.line();
  out.table(
    [
      { title: 'time' },
      { title: 'state' },
      { title: 'round', align: 'right' },
      { title: 'detail' },
    ],
    status.history.map((event) => [
      event.time?.toISOString() ?? '',
      stateName(event.state),
      event.sequence === 0 ? '' : String(event.sequence),
      event.detail,
    ]),
  );
  for (const { id, state, reason } of status.deadLetters) {
    const stands =
      state === DeadLetterState.DEAD_LETTER_STATE_OPEN
        ? `is set aside and waits for a decision: lethe dlq show ${id}`
        : `was set aside once and ${deadLetterStateName(state)}`;
    out.line();
    out.line(`The request ${stands} (${reason}).`);
  }
}

function waits(deadLetters: readonly DeadLetter[]): boolean {
  return deadLetters.some(({ state }) => state === DeadLetterState.DEAD_LETTER_STATE_OPEN);
}

const everyOpenOne = ListDeadLettersRequest.fromPartial({});

/** A dead letter waits for people: they hear of it where they look. */
async function noteDeadLetters(options: GlobalOptions, out: Output): Promise<void> {
  await using letters = connectDeadLetters(options);
  const found = await letters.listDeadLetters({ ...everyOpenOne, limit: 1 }).catch((error) => {
    // An emitter sees its own requests, and nothing else.
    if (LetheError.from(error).code === 'denied') return undefined;
    throw error;
  });
  const { openCount = 0, openRequestCount = 0, nearestDeadline } = found ?? {};
  if (openCount === 0) return;
  const due =
    nearestDeadline === undefined
      ? ''
      : `, the nearest due ${nearestDeadline.toISOString().slice(0, 10)}`;
  out.line();
  out.line(
    `${openCount} dead letters wait for a decision (${openRequestCount} deletion requests${due}). See: lethe dlq list`,
  );
}
