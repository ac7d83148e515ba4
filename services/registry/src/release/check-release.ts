import {
  type CheckReleaseRequest,
  type CheckReleaseResponse,
  isDigest,
  LetheError,
  parseModelKey,
  type ReleaseProblem,
  RequestState,
  type ServingPointer,
} from '@lethe/contracts';
import type { LineageStore } from '@lethe/lineage';
import type { ProjectionCurrency } from '../requests/projection-currency.ts';
import type { RequestProjection } from '../requests/request-projection.ts';
import type { ServingBoard } from '../serving/serving-board.ts';
import { findQuarantine } from './quarantine.ts';

export interface ReleaseContext {
  readonly lineage: LineageStore;
  readonly board: ServingBoard;
  readonly projection: RequestProjection;
  readonly currency: Pick<ProjectionCurrency, 'require'>;
  readonly now: () => Date;
}

/**
 * Whether exactly these weights may be deployed: they serve, they are not in quarantine, every
 * completed request is covered, and nothing is overdue. Fails closed.
 *
 * @throws LetheError `unavailable` while it is not known where all requests stand
 */
export async function checkRelease(
  context: ReleaseContext,
  request: CheckReleaseRequest,
): Promise<CheckReleaseResponse> {
  const weightsDigest = request.weightsDigest.replace(/^sha256:/, '');
  if (!isDigest(weightsDigest)) {
    const remedy = 'Give 64 hexadecimal digits.';
    throw LetheError.invalid('weights_digest', weightsDigest, 'is not a SHA-256', remedy);
  }
  const serving = await findServing(context, request.modelKey, weightsDigest);
  const now = context.now();
  if (serving === undefined) {
    const explanation = `no model serves weights ${weightsDigest}`;
    const problems = [{ reason: 'unknown_weights', explanation }];
    return { allowed: false, problems, serving: undefined, checkedTime: now };
  }
  await context.currency.require();
  const problems = [
    ...(await problemsOfVersion(context, serving, weightsDigest, request.topologyDigest)),
    ...problemsOfRequests(context, serving.modelKey, now),
  ];
  return { allowed: problems.length === 0, problems, serving, checkedTime: now };
}

/** The pointer of the named model, or of the one that serves these weights. */
async function findServing(
  { lineage, board }: ReleaseContext,
  modelKey: string,
  weightsDigest: string,
): Promise<ServingPointer | undefined> {
  if (modelKey !== '') return (await board.current(parseModelKey(modelKey))).pointer;
  for (const key of await lineage.models()) {
    const { pointer } = await board.current(key);
    if (pointer.weightsDigest === weightsDigest) return pointer;
  }
  return undefined;
}

async function problemsOfVersion(
  { lineage, board }: ReleaseContext,
  serving: ServingPointer,
  weightsDigest: string,
  topologyDigest: string,
): Promise<ReleaseProblem[]> {
  const { modelKey, sequence } = serving;
  const problems: ReleaseProblem[] = [];
  if (serving.weightsDigest !== weightsDigest) {
    problems.push({
      reason: 'not_serving',
      explanation: `weights ${weightsDigest.slice(0, 12)} do not serve: version ${sequence} of ${modelKey} does, weights ${serving.weightsDigest.slice(0, 12)}`,
    });
  }
  const registered = await board.registration(modelKey);
  if (topologyDigest !== '' && topologyDigest !== registered.topologyDigest) {
    problems.push({
      reason: 'other_topology',
      explanation: `its network is not the one that ${modelKey} was registered with`,
    });
  }
  const quarantine = await findQuarantine(lineage, modelKey, sequence);
  if (quarantine !== undefined) {
    problems.push({
      reason: 'quarantined',
      explanation: `version ${sequence} is in quarantine: ${quarantine.reason}`,
    });
  }
  return problems;
}

function problemsOfRequests(
  { projection }: ReleaseContext,
  modelKey: string,
  now: Date,
): ReleaseProblem[] {
  const problems: ReleaseProblem[] = [];
  const reopened = projection.counts.count(modelKey, RequestState.REQUEST_STATE_REOPENED);
  if (reopened > 0) {
    problems.push({
      reason: 'not_covering',
      explanation: `${reopened} requests that were completed are open again after a rollback`,
    });
  }
  const overdue = projection.counts.countOverdue(modelKey, now);
  if (overdue > 0) {
    problems.push({
      reason: 'overdue',
      explanation: `${overdue} requests are past their deadline`,
    });
  }
  return problems;
}
