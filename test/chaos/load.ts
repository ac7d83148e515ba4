import { setTimeout as sleep } from 'node:timers/promises';
import { type PlannedRequest, wireRequest } from './world.ts';

export interface LoadOptions {
  readonly url: string;
  readonly requests: readonly PlannedRequest[];
  /** When the people asked: the legal clock of all of them starts here. */
  readonly submittedTime: Date;
  /** Over which they are spread at least. */
  readonly durationMs: number;
  /** Share of the havoc that is over, 0 … 1: the load does not run ahead of it. */
  readonly progress: () => number;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

const perCall = 5;
/** Of so many calls one is made again after its answer, as by an emitter that did not hear it. */
const repeatOneIn = 20;

/**
 * Emitters that send requests over HTTP until they hold a receipt for each, whatever happens in
 * between: the same ids, the same bodies.
 *
 * @param onAccepted hears of every request that has its receipt
 */
export async function emitLoad(
  options: LoadOptions,
  onAccepted: (request: PlannedRequest) => void,
): Promise<void> {
  const { requests, durationMs, signal } = options;
  const calls = Math.ceil(requests.length / perCall);
  const startMs = performance.now();
  const underWay = new Set<Promise<void>>();
  for (let call = 0; call < calls; call++) {
    await sleep(Math.max(0, startMs + (call * durationMs) / calls - performance.now()));
    while (options.progress() < call / calls) {
      signal.throwIfAborted();
      await sleep(100);
    }
    const batch = requests.slice(call * perCall, (call + 1) * perCall);
    const sent = sendUntilAccepted(batch, options, onAccepted).finally(() => underWay.delete(sent));
    underWay.add(sent);
  }
  await Promise.all(underWay);
}

async function sendUntilAccepted(
  batch: readonly PlannedRequest[],
  options: LoadOptions,
  onAccepted: (request: PlannedRequest) => void,
): Promise<void> {
  const first = await untilAnswered(batch, options);
  for (const request of batch) onAccepted(request);
  if (options.random() * repeatOneIn >= 1) return;
  const again = await untilAnswered(batch, options);
  if (JSON.stringify(again) !== JSON.stringify(first)) {
    throw new Error('the same requests got other receipts');
  }
}

async function untilAnswered(
  batch: readonly PlannedRequest[],
  { url, submittedTime, signal }: LoadOptions,
): Promise<unknown> {
  const body = JSON.stringify(
    batch.map((request) => wireRequest(request, submittedTime.toISOString())),
  );
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(`${url}/v1/deletions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)]),
    })
      .then(async (response) => (response.ok ? ((await response.json()) as Result[]) : undefined))
      .catch(() => undefined);
    if (answer?.every(({ receipt }) => receipt !== undefined)) return answer;
    const refused = answer?.find(({ error }) => error !== undefined && error.status < 500);
    if (refused !== undefined) throw new Error(`refused: ${JSON.stringify(refused.error)}`);
    await sleep(200);
  }
}

interface Result {
  readonly receipt?: unknown;
  readonly error?: { readonly status: number };
}
