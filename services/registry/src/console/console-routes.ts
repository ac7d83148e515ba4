/**
 * What the console may be asked, and the method of the table of roles that each call stands for: the
 * same roles and the same handlers as over gRPC.
 */
import type { DeadLetterAnswer, DeadLetterPage, RollbackAnswer, RollbackAsk } from '@lethe/console';
import {
  type DeadLetterServiceService,
  DeadLetterState,
  type EvidenceServiceService,
  LetheError,
  parseEmitter,
  parseModelKey,
  parseRequestId,
  type ReleaseServiceService,
  type RequestServiceService,
} from '@lethe/contracts';
import {
  boundEmitter,
  type CallContext,
  type Handlers,
  type Identity,
  type Rpc,
  requireOwnEmitter,
} from '@lethe/service-kit';
import { findRequest } from '../handlers/find-request.ts';
import type { RegistryContext } from '../handlers/registry-context.ts';
import type { ObservedServers } from '../release/observed-servers.ts';
import type { ServingHistory } from '../release/serving-history.ts';
import { type Fields, numberIn } from './fields.ts';
import type { AuditTail } from './views/audit-tail.ts';
import { deadLetterView } from './views/dead-letter-view.ts';
import type { ModelHistory } from './views/history-view.ts';
import { modelView } from './views/model-view.ts';
import { type OverviewContext, overview } from './views/overview.ts';
import { requestPage, requestView } from './views/request-views.ts';
import { roundView } from './views/round-view.ts';
import { timeText } from './views/words.ts';

export interface ConsoleContext extends RegistryContext {
  readonly deadLetters: RegistryContext['deadLetters'] & OverviewContext['deadLetters'];
  readonly servers: ObservedServers;
  readonly history: ServingHistory;
  readonly modelHistory: ModelHistory;
  readonly auditTail: AuditTail;
  readonly release: Handlers<typeof ReleaseServiceService>;
  readonly request: Handlers<typeof RequestServiceService>;
  readonly evidence: Handlers<typeof EvidenceServiceService>;
  readonly letters: Handlers<typeof DeadLetterServiceService>;
}

export interface ConsoleCall {
  /** What the `:names` of the route stand for. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Fields;
  readonly call: CallContext;
}

export type Answer =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'file'; readonly name: string; readonly text: string };

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Below `/api`, for example `/models/:model`. */
  readonly path: string;
  readonly rpc: Rpc;
  readonly answer: (context: ConsoleContext, call: ConsoleCall) => Promise<Answer>;
}

const readers = ['operator', 'approver', 'auditor'] as const;
const pageLimit = { default: 50, most: 500 } as const;
const historyLimit = { default: 100, most: 1_000 } as const;

export const consoleRoutes: readonly Route[] = [
  get('/overview', 'RegistryService.listModels', async (context) => json(await overview(context))),
  get('/models/:model', 'ReleaseService.listVersions', async (context, { path }) =>
    json(await modelView(context, parseModelKey(path['model'] ?? ''))),
  ),
  get('/models/:model/history', 'UnlearnerService.listRounds', async (context, { path, query }) =>
    json(
      await context.modelHistory.page(
        parseModelKey(path['model'] ?? ''),
        numberIn(query, 'before', 0, 4_294_967_295),
        numberIn(query, 'limit', historyLimit.default, historyLimit.most),
      ),
    ),
  ),
  get('/models/:model/rounds/:sequence', 'EvaluatorService.getVerdict', async (context, { path }) =>
    json(await roundView(context, parseModelKey(path['model'] ?? ''), sequenceOf(path))),
  ),
  get('/requests', 'RegistryService.listRequests', async (context, { query, call }) =>
    json(
      requestPage(context, {
        show: query.get('show') ?? 'open',
        modelKey: query.get('model') ?? '',
        page: query.get('page') ?? '',
        limit: numberIn(query, 'limit', pageLimit.default, pageLimit.most),
        ownEmitter: ownEmitter(call.identity),
      }),
    ),
  ),
  get('/requests/:id', 'RegistryService.getRequest', async (context, asked) =>
    json(await requestView(context, wantedRequest(context, asked))),
  ),
  get('/requests/:id/certificate', 'EvidenceService.getCertificate', async (context, asked) => {
    const { current } = wantedRequest(context, asked);
    const { requestId, emitter } = current;
    const { envelope } = await context.evidence.getCertificate({ requestId, emitter }, asked.call);
    return { kind: 'file', name: `certificate-${requestId}.json`, text: `${envelope}\n` };
  }),
  get('/dead-letters', 'DeadLetterService.listDeadLetters', listDeadLetters),
  get('/audit-log', 'EvidenceService.getCheckpoint', async ({ auditTail }, { query }) =>
    json(
      await auditTail.page(
        numberIn(query, 'before', 0, Number.MAX_SAFE_INTEGER),
        numberIn(query, 'limit', pageLimit.default, pageLimit.most),
      ),
    ),
  ),
  get('/audit-log/checkpoint', 'EvidenceService.getCheckpoint', async ({ evidence }, { call }) => {
    const { envelope } = await evidence.getCheckpoint({}, call);
    return { kind: 'file', name: 'checkpoint.json', text: `${envelope}\n` };
  }),
  get('/keys', 'EvidenceService.getKeySet', async ({ evidence }, { call }) => {
    const { keySet } = await evidence.getKeySet({}, call);
    return { kind: 'file', name: 'key-set.json', text: keySet };
  }),
  post('/models/:model/rollback', 'ReleaseService.rollback', rollback),
  post('/models/:model/quarantine', 'ReleaseService.quarantine', async (context, asked) => {
    const modelKey = parseModelKey(asked.path['model'] ?? '');
    const sequence = asked.body.number('sequence');
    const reason = asked.body.text('reason');
    await context.release.quarantine({ modelKey, sequence, reason }, asked.call);
    return json({});
  }),
  post('/requests/cancel', 'RequestService.cancelRequest', async (context, { body, call }) => {
    await context.request.cancelRequest(withdrawal(body), call);
    return json({});
  }),
  post('/requests/deny', 'RequestService.denyRequest', async (context, { body, call }) => {
    await context.request.denyRequest(withdrawal(body), call);
    return json({});
  }),
  post('/requests/extend', 'RequestService.extendDeadline', async (context, { body, call }) => {
    const noticeTime = body.time('noticeTime');
    await context.request.extendDeadline({ ...withdrawal(body), noticeTime }, call);
    return json({});
  }),
  post('/dead-letters/replay', 'DeadLetterService.replayDeadLetter', async (context, asked) =>
    decided(await context.letters.replayDeadLetter(decision(asked), asked.call)),
  ),
  post('/dead-letters/drop', 'DeadLetterService.dropDeadLetter', async (context, asked) =>
    decided(await context.letters.dropDeadLetter(decision(asked), asked.call)),
  ),
];

async function rollback(
  { release }: ConsoleContext,
  { path, body, call }: ConsoleCall,
): Promise<Answer> {
  const asked = {
    sequence: body.number('sequence'),
    reason: body.text('reason'),
    override: body.flag('override'),
    approves: body.text('approves'),
    expectedGeneration: body.number('expectedGeneration'),
  } satisfies RollbackAsk;
  const modelKey = parseModelKey(path['model'] ?? '');
  const done = await release.rollback({ modelKey, ...asked }, call);
  return json({
    moved: done.serving !== undefined,
    reopenedCount: done.reopenedRequestCount,
    proposalId: done.proposalId,
  } satisfies RollbackAnswer);
}

async function listDeadLetters(
  { letters }: ConsoleContext,
  { query, call }: ConsoleCall,
): Promise<Answer> {
  const states = {
    open: DeadLetterState.DEAD_LETTER_STATE_OPEN,
    replayed: DeadLetterState.DEAD_LETTER_STATE_REPLAYED,
    dropped: DeadLetterState.DEAD_LETTER_STATE_DROPPED,
  } as const;
  const show = query.get('show') ?? 'open';
  if (!Object.hasOwn(states, show)) {
    throw LetheError.invalid('show', show, 'is no state', 'Use open, replayed or dropped.');
  }
  const found = await letters.listDeadLetters(
    {
      state: states[show as keyof typeof states],
      topic: '',
      modelKey: '',
      limit: numberIn(query, 'limit', pageLimit.default, pageLimit.most),
      pageToken: query.get('page') ?? '',
    },
    call,
  );
  return json({
    deadLetters: found.deadLetters.map(deadLetterView),
    next: found.nextPageToken,
    openCount: found.openCount,
    openRequestCount: found.openRequestCount,
    nearestDeadline: timeText(found.nearestDeadline),
  } satisfies DeadLetterPage);
}

function wantedRequest({ projection }: ConsoleContext, { path, query, call }: ConsoleCall) {
  const own = ownEmitter(call.identity);
  const stated = query.get('emitter') ?? '';
  requireOwnEmitter(own, stated);
  const emitter = stated || (own ?? '');
  return findRequest(
    projection,
    parseRequestId(path['id'] ?? ''),
    emitter === '' ? '' : parseEmitter(emitter),
  );
}

/** Whoever is an emitter and nothing else sees its own requests only. */
function ownEmitter(identity: Identity): string | undefined {
  return boundEmitter(identity, readers);
}

function withdrawal(body: Fields) {
  return {
    requestId: body.text('requestId'),
    emitter: body.text('emitter'),
    reason: body.text('reason'),
  };
}

/** Who decides is who is known; where nobody is asked, the name that the caller gives itself. */
function decision({ body, call }: ConsoleCall) {
  return {
    id: body.text('id'),
    reason: body.text('reason'),
    actor: call.header('x-lethe-actor') ?? 'anyone',
    outOfOrder: body.flag('outOfOrder'),
  };
}

function decided({ already, note }: DeadLetterAnswer): Answer {
  return json({ already, note } satisfies DeadLetterAnswer);
}

function sequenceOf(path: Readonly<Record<string, string>>): number {
  const text = path['sequence'] ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw LetheError.invalid('sequence', text, 'is no number of a round', 'Use one like 3.');
}

function json(value: unknown): Answer {
  return { kind: 'json', value };
}

function get(path: string, rpc: string, answer: Route['answer']): Route {
  return { method: 'GET', path, rpc: rpcOf(rpc), answer };
}

function post(path: string, rpc: string, answer: Route['answer']): Route {
  return { method: 'POST', path, rpc: rpcOf(rpc), answer };
}

/** `ReleaseService.rollback` as the table of roles names it. */
function rpcOf(text: string): Rpc {
  const [service = '', name = ''] = text.split('.');
  return { service: `lethe.v1.${service}`, name };
}
