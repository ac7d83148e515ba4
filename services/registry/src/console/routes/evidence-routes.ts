import { numberIn, pageLimitIn } from '../fields.ts';
import { get, json, type Route } from './route.ts';

export const evidenceRoutes: readonly Route[] = [
  get('/audit-log', 'EvidenceService.getCheckpoint', async ({ auditTail }, { query }) =>
    json(
      await auditTail.page(
        numberIn(query, 'before', 0, Number.MAX_SAFE_INTEGER),
        pageLimitIn(query),
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
];
