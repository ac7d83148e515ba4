import { LetheError, parseModelKey, type ReleaseServiceService } from '@lethe/contracts';
import type { Handlers } from '@lethe/service-kit';
import type { Recorder } from '../evidence/recorder.ts';
import { listVersions } from '../release/list-versions.ts';
import type { ObservedServers } from '../release/observed-servers.ts';
import { putQuarantine } from '../release/quarantine.ts';
import { requireReason } from '../release/require-reason.ts';
import type { Rollbacks } from '../release/rollback.ts';
import type { ServingHistory } from '../release/serving-history.ts';
import { actorOf, requireRole } from './actor-of.ts';
import { parseLimit } from './page.ts';
import type { RegistryContext } from './registry-context.ts';

export interface ReleaseHandlerContext extends RegistryContext {
  readonly history: ServingHistory;
  readonly rollbacks: Rollbacks;
  readonly servers: ObservedServers;
  readonly recorder: Recorder;
  /** Whether weights that were superseded then may be kept no longer. */
  readonly isPurgeDue: (decided: Date) => boolean;
}

/** Clocks may differ by this much before a time counts as future. */
const clockSkewMs = 5 * 60_000;

export function releaseHandlers(
  context: ReleaseHandlerContext,
): Handlers<typeof ReleaseServiceService> {
  const { board, lineage, history, rollbacks, servers, recorder, clock } = context;
  return {
    async getServingAt({ modelKey, time }) {
      if (time === undefined || Number.isNaN(time.getTime())) {
        throw LetheError.invalid(
          'time',
          '',
          'is missing',
          'Give a time like 2026-01-31T09:30:00Z.',
        );
      }
      if (time.getTime() > clock.now().getTime() + clockSkewMs) {
        const remedy = 'Give a time past; what serves now: lethe serving MODEL.';
        throw LetheError.invalid('time', time.toISOString(), 'is yet to come', remedy);
      }
      return await history.at(parseModelKey(modelKey), time);
    },
    async listMoves({ modelKey, beforeGeneration, limit }) {
      const key = parseModelKey(modelKey);
      return { moves: await history.list(key, beforeGeneration, parseLimit(limit)) };
    },
    listVersions: (request) => listVersions(context, request),
    async rollback(request, call) {
      if (request.override || request.approves !== '') requireRole(call, 'approver', 'an override');
      return await rollbacks.rollBack(request, actorOf(call));
    },
    async quarantine(request, call) {
      const modelKey = parseModelKey(request.modelKey);
      const { sequence } = request;
      const record = {
        modelKey,
        sequence,
        reason: requireReason(request.reason),
        actor: actorOf(call),
        time: clock.now(),
      };
      await putQuarantine(lineage, record);
      await recorder.note([
        {
          id: `quarantine/${modelKey}/${sequence}`,
          kind: 'quarantine',
          time: record.time,
          actor: record.actor,
          modelKey,
          details: { sequence, reason: record.reason },
        },
      ]);
      return {};
    },
    async reportServing(request) {
      const { pointer } = await board.current(parseModelKey(request.modelKey));
      servers.report(request);
      return pointer;
    },
    async listServers({ modelKey }) {
      return { servers: await servers.list(modelKey === '' ? '' : parseModelKey(modelKey)) };
    },
  };
}
