import type { RequestPage, RequestRow, RequestView } from '@lethe/console';
import { LetheError, parseModelKey } from '@lethe/contracts';
import { daysLeft } from '@lethe/service-kit';
import { traceIdOf } from '@lethe/telemetry';
import { findCertificate } from '../../evidence/issue-certificates.ts';
import type { RegistryContext } from '../../handlers/registry-context.ts';
import type { ProjectedRequest } from '../../requests/projected-request.ts';
import { isEnd } from '../../requests/request-progress.ts';
import type { RequestPlace, RequestSelection } from '../../requests/request-selection.ts';
import { deadLetterView } from './dead-letter-view.ts';
import { regulationWord, requestStateOf, stateWord, timeText } from './words.ts';

export interface RequestQuery {
  /** `open`, `overdue`, `every`, or a state. */
  readonly show: string;
  readonly modelKey: string;
  readonly page: string;
  readonly limit: number;
  /** An emitter sees its own only. */
  readonly ownEmitter: string | undefined;
}

/** @throws LetheError `invalid` naming the field */
export function requestPage(
  { projection, clock }: Pick<RegistryContext, 'projection' | 'clock'>,
  { show, modelKey, page, limit, ownEmitter }: RequestQuery,
): RequestPage {
  const now = clock.now();
  const selection: RequestSelection = {
    show: parseShow(show),
    now,
    ...(modelKey === '' ? {} : { modelKey: parseModelKey(modelKey, 'model') }),
    ...(ownEmitter === undefined ? {} : { emitter: ownEmitter }),
  };
  // One more than asked for tells whether there is a next page.
  const found = projection.page(selection, parsePlace(page), limit + 1);
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return {
    requests: shown.map((each) => requestRow(each, now)),
    next:
      found.length > limit && last !== undefined
        ? `${last.deadline?.getTime() ?? 0}.${last.position}`
        : '',
    total: projection.counts.of(selection),
  };
}

export async function requestView(
  { lineage, projection, deadLetters, clock }: Omit<RegistryContext, 'board'>,
  found: ProjectedRequest,
): Promise<RequestView> {
  const { current, history } = found;
  return {
    ...requestRow(found, clock.now()),
    detail: current.detail,
    history: history.map(({ state, detail, time, sequence }) => ({
      state: stateWord(state),
      detail,
      time: timeText(time),
      sequence,
    })),
    deadLetters: deadLetters.ofRequest(current.requestId, current.emitter).map(deadLetterView),
    models: (current.modelCount === 0 ? [] : projection.childrenOf(current)).map((each) =>
      requestRow(each, clock.now()),
    ),
    parentRequestId: current.parentRequestId,
    followsRequestId: current.followsRequestId,
    hasCertificate: await findCertificate(lineage, current).then(
      () => true,
      () => false,
    ),
    traceId: await traceOf(lineage, found),
  };
}

function requestRow(found: ProjectedRequest, now: Date): RequestRow {
  const { current, deadline, isExtended } = found;
  return {
    requestId: current.requestId,
    emitter: current.emitter,
    modelKey: current.modelKey,
    state: stateWord(current.state),
    isOpen: !isEnd(current.state),
    regulation: regulationWord(current.regulation),
    submittedTime: timeText(current.submittedTime),
    deadline: timeText(deadline),
    daysLeft: deadline === undefined ? 0 : daysLeft(deadline, now),
    isExtended,
    sampleCount: current.sampleCount,
    sequence: current.sequence,
  };
}

/** The trace that a request began, as the rounds that served it remember it. */
async function traceOf(
  lineage: RegistryContext['lineage'],
  { current, history }: ProjectedRequest,
): Promise<string> {
  const { modelKey, requestId, emitter } = current;
  for (const sequence of new Set(history.map((status) => status.sequence))) {
    if (sequence === 0) continue;
    const manifest = await lineage.manifest(modelKey, sequence);
    const entry = manifest?.record.entry;
    if (entry?.$case !== 'round') continue;
    const part = entry.value.parts.find(
      ({ request }) => request?.requestId === requestId && request.emitter === emitter,
    );
    if (part?.request !== undefined) return traceIdOf(part.request.traceparent) ?? '';
  }
  return '';
}

function parseShow(show: string): RequestSelection['show'] {
  if (show === 'open' || show === 'overdue' || show === 'every') return show;
  const state = requestStateOf(show);
  if (state !== undefined) return state;
  const remedy = 'Use open, overdue, every, or a state like completed.';
  throw LetheError.invalid('show', show, 'is no view of requests', remedy);
}

function parsePlace(page: string): RequestPlace | undefined {
  if (page === '') return undefined;
  const [, deadlineMs, position] = /^(\d{1,15})\.(\d{1,15})$/.exec(page) ?? [];
  if (deadlineMs !== undefined && position !== undefined) {
    return { deadlineMs: Number(deadlineMs), position: Number(position) };
  }
  const remedy = 'Give the `next` of the page before, or nothing for the first.';
  throw LetheError.invalid('page', page, 'is no page', remedy);
}
