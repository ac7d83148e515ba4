import {
  LetheError,
  parseEmitter,
  parseModelKey,
  parseRequestId,
  type RequestServiceService,
} from '@lethe/contracts';
import {
  boundEmitter,
  type CallContext,
  type Handlers,
  requireOwnEmitter,
  startOfYear,
} from '@lethe/service-kit';
import { requireReason } from '../release/require-reason.ts';
import type { ExtensionDeps } from '../requests/extend-deadline.ts';
import { extendAll, withdrawAll } from '../requests/fan-out-decisions.ts';
import type { ProjectedRequest } from '../requests/projected-request.ts';
import type { ProjectionCurrency } from '../requests/projection-currency.ts';
import { yearlyReport } from '../requests/yearly-report.ts';
import { actorOf } from './actor-of.ts';
import { findRequest } from './find-request.ts';
import type { RegistryContext } from './registry-context.ts';

export type RequestHandlerContext = RegistryContext &
  ExtensionDeps & { readonly currency: Pick<ProjectionCurrency, 'require'> };

export function requestHandlers(
  context: RequestHandlerContext,
): Handlers<typeof RequestServiceService> {
  const find = (request: { requestId: string; emitter: string }, call: CallContext) =>
    findOwn(context, request, call);
  return {
    async cancelRequest(request, call) {
      const found = find(request, call);
      const reason = requireReason(request.reason);
      return await withdrawAll(context, found, {
        ...{ kind: 'cancelled', reason },
        actor: actorOf(call),
      });
    },
    async denyRequest(request, call) {
      const found = find(request, call);
      const reason = requireReason(request.reason);
      return await withdrawAll(context, found, {
        ...{ kind: 'denied', reason },
        actor: actorOf(call),
      });
    },
    extendDeadline: (request, call) =>
      extendAll(context, find(request, call), request, actorOf(call)),
    async getReport({ year, modelKey, regulation }) {
      if (year < 1970 || year > 9998) {
        throw LetheError.invalid('year', year, 'is no year', 'Give a year like 2026.');
      }
      await context.currency.require();
      const { timeZone } = context.legalClocks;
      const filter = {
        year,
        modelKey: modelKey === '' ? '' : parseModelKey(modelKey),
        regulation,
      };
      const from = startOfYear(year, timeZone);
      const submitted = context.projection.submittedIn(from, startOfYear(year + 1, timeZone));
      return await yearlyReport(submitted, filter, context.clock.now());
    },
  };
}

function findOwn(
  { projection }: RegistryContext,
  request: { requestId: string; emitter: string },
  { identity }: CallContext,
): ProjectedRequest {
  const own = boundEmitter(identity, ['operator', 'approver']);
  requireOwnEmitter(own, request.emitter);
  const stated = request.emitter || (own ?? '');
  return findRequest(
    projection,
    parseRequestId(request.requestId),
    stated === '' ? '' : parseEmitter(stated),
  );
}
