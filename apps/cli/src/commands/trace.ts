import { existsSync } from 'node:fs';
import { LetheError, type RequestStatus } from '@lethe/contracts';
import { LineageStore } from '@lethe/lineage';
import { openStore } from '@lethe/service-kit';
import { BlobStore } from '@lethe/store';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { counted } from '../output/format.ts';
import { stateName } from '../output/names.ts';
import type { Output } from '../output/output.ts';
import { type StoreOptions, storeConfigOf } from '../store-of.ts';
import { type FoundAttempts, findAttempts } from '../trace/find-attempts.ts';
import { type Life, tellLife } from '../trace/life.ts';
import { connectRegistry, emitterOf } from './running-lethe.ts';

interface TraceOptions extends StoreOptions {
  readonly emitter?: string;
  readonly traceUrl?: string;
}

export const run: CommandFunction<TraceOptions> = async (options, out, requestId = '') => {
  const traceUrl = checkTraceUrl(options.traceUrl);
  await using registry = connectRegistry(options);
  const status = await registry.getRequest({ requestId, emitter: emitterOf(options) });
  const found = await attemptsOf(options, requestId, status);
  if (found === undefined) {
    out.note('note: rounds and verdicts are in the object store; name it with --store.');
  }
  const { attempts = [], requested } = found ?? {};
  const life = tellLife(status.history, attempts, requested, status.deadline);
  show(requestId, status, life, traceUrl, out);
  return exitCodes.ok;
};

async function attemptsOf(
  options: TraceOptions,
  requestId: string,
  { current, history }: RequestStatus,
): Promise<FoundAttempts | undefined> {
  const config = storeConfigOf(options);
  const folder = /^folder:(.+)$/.exec(config.store)?.[1];
  if (folder !== undefined && !existsSync(folder)) return undefined;
  if (current === undefined) return undefined;
  const first = Math.min(...history.flatMap(({ sequence }) => (sequence > 0 ? [sequence] : [])));
  if (!Number.isFinite(first)) return { attempts: [], requested: undefined };
  await using store = await openStore(config);
  const lineage = new LineageStore(store, new BlobStore(store));
  const { modelKey, emitter } = current;
  return await findAttempts(lineage, modelKey, { requestId, emitter }, first);
}

function show(
  requestId: string,
  { current, daysLeft }: RequestStatus,
  { events, traces }: Life,
  traceUrl: string | undefined,
  out: Output,
): void {
  const linked = traces.map((trace) => ({
    ...trace,
    ...(traceUrl && { url: traceUrl.replaceAll('{trace_id}', trace.traceId) }),
  }));
  out.result({
    requestId,
    state: current && stateName(current.state),
    daysLeft,
    events,
    traces: linked,
  });
  const startMs = events[0]?.time.getTime() ?? 0;
  out.line(
    `${requestId} of ${current?.emitter}, model ${current?.modelKey}: ${current && stateName(current.state)}, ${counted(current?.sampleCount ?? 0, 'sample')}, ${counted(daysLeft, 'day')} left`,
  );
  out.line();
  out.table(
    [
      { title: 'time' },
      { title: 'after', align: 'right' },
      { title: 'round', align: 'right' },
      { title: 'what' },
      { title: 'detail' },
    ],
    events.map(({ time, what, detail, sequence }) => [
      time.toISOString(),
      duration(time.getTime() - startMs),
      sequence === 0 ? '' : String(sequence),
      what,
      detail,
    ]),
  );
  out.line();
  if (linked.length === 0) out.line('Nothing was traced; see docs/operations.md, Traces.');
  for (const { what, traceId, url } of linked) {
    out.line(`trace of the ${what}: ${traceId}${url === undefined ? '' : `  ${url}`}`);
  }
}

/** `1.2 s`, `3 min`, `5 h`, `30 d` */
function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 100) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 6000) return `${(seconds / 60).toFixed(0)} min`;
  if (seconds < 172_800) return `${(seconds / 3600).toFixed(0)} h`;
  return `${(seconds / 86_400).toFixed(0)} d`;
}

/** @throws LetheError `invalid` */
function checkTraceUrl(url: string | undefined): string | undefined {
  if (url === undefined || (/^https?:\/\//.test(url) && url.includes('{trace_id}'))) return url;
  const remedy = 'For example http://localhost:16686/trace/{trace_id}.';
  throw LetheError.invalid('--trace-url', url, 'is no address that holds {trace_id}', remedy);
}
