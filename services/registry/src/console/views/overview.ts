import type { ModelCard, Overview, Problem, RequestCounts } from '@lethe/console';
import { RequestState } from '@lethe/contracts';
import type { DeliveryStore } from '../../callbacks/delivery-store.ts';
import type { RegistryContext } from '../../handlers/registry-context.ts';
import type { ObservedServers } from '../../release/observed-servers.ts';
import { isEnd } from '../../requests/request-progress.ts';
import { servingView } from './serving-view.ts';
import { timeText } from './words.ts';

export type OverviewContext = Pick<
  RegistryContext,
  'lineage' | 'board' | 'projection' | 'clock'
> & {
  readonly deadLetters: { openCounts(): DeadLetterCounts };
  readonly servers: ObservedServers;
  readonly deliveries: DeliveryStore;
  readonly hasCallbacks: boolean;
};

interface DeadLetterCounts {
  readonly open: number;
  readonly requests: number;
  readonly nearestDeadline: Date | undefined;
}

/** Given-up callbacks are counted up to here: an overview needs no more. */
const mostFailed = 100;
const soonMs = 7 * 24 * 60 * 60 * 1000;

/** What serves, what is due and what is wrong, of all models. */
export async function overview(context: OverviewContext): Promise<Overview> {
  const keys = await context.lineage.models();
  const models = await Promise.all(keys.map((modelKey) => modelCard(context, modelKey)));
  const deadLetters = context.deadLetters.openCounts();
  return {
    now: timeText(context.clock.now()),
    models,
    openDeadLetters: deadLetters.open,
    problems: [
      ...models.flatMap(requestProblems),
      ...deadLetterProblems(deadLetters),
      ...(await callbackProblems(context)),
      ...(await serverProblems(context)),
    ].sort((a, b) => Number(b.severity === 'critical') - Number(a.severity === 'critical')),
  };
}

/** @throws LetheError `not_found` */
export async function modelCard(
  { board, projection, clock }: OverviewContext,
  modelKey: string,
): Promise<ModelCard> {
  const { pointer } = await board.current(modelKey);
  const now = clock.now();
  const soon = new Date(now.getTime() + soonMs);
  const { byState, overdue, dueSoon, nextDeadline } = projection.counts.totals(modelKey, now, soon);
  const of = (...states: RequestState[]) =>
    states.reduce<number>((sum, state) => sum + (byState.get(state) ?? 0), 0);
  const requests: RequestCounts = {
    total: [...byState.values()].reduce((sum, count) => sum + count, 0),
    open: of(...[...byState.keys()].filter((state) => !isEnd(state))),
    escalated: of(RequestState.REQUEST_STATE_ESCALATED),
    completed: of(
      RequestState.REQUEST_STATE_COMPLETED,
      RequestState.REQUEST_STATE_ALREADY_FORGOTTEN,
    ),
    overdue,
    dueSoon,
    nextDeadline: timeText(nextDeadline),
  };
  return { modelKey, serving: servingView(pointer), requests };
}

function requestProblems({ modelKey, requests }: ModelCard): Problem[] {
  const problems: Problem[] = [];
  const link = (show: string) => `/requests?show=${show}&model=${encodeURIComponent(modelKey)}`;
  if (requests.overdue > 0) {
    problems.push({
      severity: 'critical',
      text: `${counted(requests.overdue, 'request')} of ${modelKey} past the legal deadline`,
      link: link('overdue'),
    });
  }
  if (requests.escalated > 0) {
    problems.push({
      severity: 'critical',
      text: `${counted(requests.escalated, 'request')} of ${modelKey} escalated: no setting satisfied the gate, the model has to be retrained`,
      link: link('escalated'),
    });
  }
  if (requests.dueSoon > 0) {
    problems.push({
      severity: 'warning',
      text: `${counted(requests.dueSoon, 'request')} of ${modelKey} due within a week`,
      link: link('open'),
    });
  }
  return problems;
}

function deadLetterProblems({ open, requests }: DeadLetterCounts): Problem[] {
  if (open === 0) return [];
  const held = requests === 0 ? '' : `, ${counted(requests, 'deletion request')} in them`;
  return [
    {
      severity: requests > 0 ? 'critical' : 'warning',
      text: `${counted(open, 'dead letter')} waiting for a decision${held}`,
      link: '/dead-letters',
    },
  ];
}

async function callbackProblems({ deliveries, hasCallbacks }: OverviewContext): Promise<Problem[]> {
  const failed = hasCallbacks ? await deliveries.countFailed(mostFailed) : 0;
  if (failed === 0) return [];
  const orMore = failed === mostFailed ? ' or more' : '';
  return [
    {
      severity: 'warning',
      text: `${failed}${orMore} ${failed === 1 ? 'callback' : 'callbacks'} given up: the emitter was not told`,
      link: '/callbacks',
    },
  ];
}

async function serverProblems({ servers }: OverviewContext): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const { modelKey, server, state, generation, desiredGeneration } of await servers.list('')) {
    if (state === 'current') continue;
    const what =
      state === 'silent'
        ? 'has not been heard of for a minute'
        : `runs generation ${generation}, not ${desiredGeneration}`;
    problems.push({
      severity: 'warning',
      text: `server ${server} of ${modelKey} ${what}`,
      link: `/models/${encodeURIComponent(modelKey)}`,
    });
  }
  return problems;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
