import { ListRequestsRequest, RequestState, RequestStatus } from '@lethe/contracts';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { parseState, stateName } from '../output/names.ts';
import type { Output } from '../output/output.ts';
import { connectRegistry } from './running-lethe.ts';

interface StatusOptions {
  readonly emitter: string;
  readonly model?: string;
  readonly state?: string;
  readonly limit: number;
}

export const run: CommandFunction<StatusOptions> = async (options, out, requestId) => {
  await using registry = connectRegistry(options);
  if (requestId !== undefined) {
    showRequest(await registry.getRequest({ requestId, emitter: options.emitter }), out);
    return exitCodes.ok;
  }
  const { requests } = await registry.listRequests(
    ListRequestsRequest.fromPartial({
      modelKey: options.model ?? '',
      state: options.state ? parseState(options.state) : RequestState.REQUEST_STATE_UNSPECIFIED,
      limit: options.limit,
    }),
  );
  for (const request of requests) out.result(RequestStatus.toJSON(request));
  if (requests.length === 0) {
    const asked = options.model !== undefined || options.state !== undefined;
    out.line(asked ? 'No such requests.' : 'No requests yet. Send one with: lethe submit');
  } else {
    out.table(columns, requests.map(requestRow));
  }
  return exitCodes.ok;
};

const columns = [
  { title: 'request' },
  { title: 'emitter' },
  { title: 'model' },
  { title: 'state' },
  { title: 'samples', align: 'right' },
  { title: 'days left', align: 'right' },
] as const;

function requestRow({ current, daysLeft }: RequestStatus): string[] {
  if (current === undefined) return [];
  return [
    current.requestId,
    current.emitter,
    current.modelKey,
    stateName(current.state),
    String(current.sampleCount),
    String(daysLeft),
  ];
}

function showRequest(status: RequestStatus, out: Output): void {
  out.result(RequestStatus.toJSON(status));
  out.table(columns, [requestRow(status)]);
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
}
