import { LetheError, parseEmitter, parseRequestId } from '@lethe/contracts';
import { boundEmitter, type Identity, requireOwnEmitter } from '@lethe/service-kit';
import { findRequest } from '../../handlers/find-request.ts';
import { type Fields, numberIn, pageLimitIn } from '../fields.ts';
import { reportView } from '../views/report-view.ts';
import { requestPage, requestView } from '../views/request-views.ts';
import { regulationOf } from '../views/words.ts';
import { type ConsoleCall, type ConsoleContext, get, json, post, type Route } from './route.ts';

const readers = ['operator', 'approver', 'auditor'] as const;

export const requestRoutes: readonly Route[] = [
  get('/requests', 'RegistryService.listRequests', async (context, { query, call }) =>
    json(
      requestPage(context, {
        show: query.get('show') ?? 'open',
        modelKey: query.get('model') ?? '',
        page: query.get('page') ?? '',
        limit: pageLimitIn(query),
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
  get('/report', 'RequestService.getReport', async ({ request, clock }, { query, call }) => {
    const year = numberIn(query, 'year', 0, 9_999);
    const modelKey = query.get('model') ?? '';
    const regulation = parseLaw(query.get('law') ?? '');
    const report = await request.getReport({ year, modelKey, regulation }, call);
    return json(reportView(report, clock.now()));
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
];

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

function parseLaw(law: string) {
  const regulation = regulationOf(law === '' ? 'unspecified' : law);
  if (regulation !== undefined) return regulation;
  throw LetheError.invalid('law', law, 'is no law', 'Use gdpr, ccpa, other, or nothing for all.');
}
