import type { RollbackAnswer, RollbackAsk } from '@lethe/console';
import { LetheError, parseModelKey } from '@lethe/contracts';
import { numberIn } from '../fields.ts';
import { modelView } from '../views/model-view.ts';
import { overview } from '../views/overview.ts';
import { roundView } from '../views/round-view.ts';
import {
  type Answer,
  type ConsoleCall,
  type ConsoleContext,
  get,
  json,
  post,
  type Route,
} from './route.ts';

const historyLimit = { default: 100, most: 1_000 } as const;

export const modelRoutes: readonly Route[] = [
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
  post('/models/:model/rollback', 'ReleaseService.rollback', rollback),
  post('/models/:model/quarantine', 'ReleaseService.quarantine', async (context, asked) => {
    const modelKey = parseModelKey(asked.path['model'] ?? '');
    const sequence = asked.body.number('sequence');
    const reason = asked.body.text('reason');
    await context.release.quarantine({ modelKey, sequence, reason }, asked.call);
    return json({});
  }),
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

function sequenceOf(path: Readonly<Record<string, string>>): number {
  const text = path['sequence'] ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw LetheError.invalid('sequence', text, 'is no number of a round', 'Use one like 3.');
}
