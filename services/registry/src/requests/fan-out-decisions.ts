/** Decisions about a request over several models are made about it in each of them. */
import {
  type DeletionStatus,
  type ExtendDeadlineRequest,
  type ExtendDeadlineResponse,
  LetheError,
  type WithdrawRequestResponse,
} from '@lethe/contracts';
import { type ExtensionDeps, extendDeadline } from './extend-deadline.ts';
import type { ProjectedRequest } from './projected-request.ts';
import { isEnd } from './request-progress.ts';
import type { RequestProjection } from './request-projection.ts';
import { type WithdrawalDeps, type WithdrawalKind, withdraw } from './withdrawals.ts';

interface Families {
  readonly projection: Pick<RequestProjection, 'childrenOf'>;
}

/**
 * Withdraws a request, in every model in which it has not ended. The same again goes on where it
 * stopped: models whose round is being judged make it `unavailable` until that is decided.
 *
 * @throws LetheError as {@link withdraw}; `precondition` when it has ended in all models
 */
export async function withdrawAll(
  deps: WithdrawalDeps & Families,
  found: ProjectedRequest,
  wanted: { kind: WithdrawalKind; reason: string; actor: string },
): Promise<WithdrawRequestResponse> {
  const { current } = found;
  if (current.modelCount === 0) return await withdraw(deps, found, wanted);
  const children = deps.projection.childrenOf(current);
  requireComplete(current, children.length);
  const busy: LetheError[] = [];
  let last: WithdrawRequestResponse | undefined;
  for (const child of children) {
    try {
      last = await withdraw(deps, child, wanted);
    } catch (thrown) {
      const error = LetheError.from(thrown);
      if (error.code === 'unavailable') busy.push(error);
      // What has ended in one model is withdrawn in the others.
      else if (error.code !== 'precondition') throw error;
    }
  }
  if (busy[0] !== undefined) throw busy[0];
  if (last !== undefined) return { state: last.state, sequence: 0 };
  throw new LetheError(
    'precondition',
    `request ${current.requestId} has ended in all of its models. See: lethe status ${current.requestId} --emitter ${current.emitter}`,
  );
}

/** Extends the deadline of a request, in every model in which it has not ended. @throws as one */
export async function extendAll(
  deps: ExtensionDeps & Families,
  found: ProjectedRequest,
  request: ExtendDeadlineRequest,
  actor: string,
): Promise<ExtendDeadlineResponse> {
  const children = found.current.modelCount === 0 ? [] : deps.projection.childrenOf(found.current);
  if (found.current.modelCount > 0) requireComplete(found.current, children.length);
  const response = await extendDeadline(deps, found, request, actor);
  for (const child of children) {
    if (!isEnd(child.current.state)) await extendDeadline(deps, child, request, actor);
  }
  return response;
}

function requireComplete({ requestId, modelCount }: DeletionStatus, known: number): void {
  if (known === modelCount) return;
  throw new LetheError(
    'unavailable',
    `only ${known} of the ${modelCount} models of request ${requestId} are known here yet. Ask again in a moment`,
  );
}
