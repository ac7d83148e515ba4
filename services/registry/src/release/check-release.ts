import {
  type CheckReleaseRequest,
  type CheckReleaseResponse,
  isDigest,
  LetheError,
  parseModelKey,
  type ReleaseProblem,
  type ServingPointer,
} from '@lethe/contracts';
import { type LineageStore, lastRollback, readLogEnd } from '@lethe/lineage';
import type { ProjectionCurrency } from '../requests/projection-currency.ts';
import type { RequestProjection } from '../requests/request-projection.ts';
import type { ServingBoard } from '../serving/serving-board.ts';
import { findQuarantine } from './quarantine.ts';

export interface ReleaseContext {
  readonly lineage: LineageStore;
  readonly board: ServingBoard;
  readonly projection: Pick<RequestProjection, 'counts' | 'find'>;
  readonly currency: Pick<ProjectionCurrency, 'require'>;
  readonly now: () => Date;
}

/**
 * Whether exactly these weights may be deployed: they serve, they are not in quarantine, every
 * completed request is covered, and nothing is overdue. Where several models serve them and none is
 * named, that must hold for each. Fails closed.
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
  const found = await findServing(context, request.modelKey, weightsDigest);
  const [serving] = found;
  const now = context.now();
  if (serving === undefined) {
    const explanation = `no model serves weights ${weightsDigest}`;
    const problems = [{ reason: 'unknown_weights', explanation }];
    return { allowed: false, problems, serving: undefined, checkedTime: now };
  }
  await context.currency.require();
  const problems: ReleaseProblem[] = [];
  for (const each of found) {
    problems.push(
      ...(await problemsOfVersion(context, each, weightsDigest, request.topologyDigest)),
      ...(await problemsOfCoverage(context, each)),
      ...problemsOfDeadlines(context, each.modelKey, now),
    );
  }
  return { allowed: problems.length === 0, problems, serving, checkedTime: now };
}

/** Pointers that are read at the same time: there may be a thousand models, and the webhook waits. */
const readsAtOnce = 32;

/** The pointer of the named model, or of those that serve these weights. */
async function findServing(
  { lineage, board }: ReleaseContext,
  modelKey: string,
  weightsDigest: string,
): Promise<ServingPointer[]> {
  if (modelKey !== '') return [(await board.current(parseModelKey(modelKey))).pointer];
  const found: ServingPointer[] = [];
  const keys = await lineage.models();
  for (let from = 0; from < keys.length; from += readsAtOnce) {
    const some = keys.slice(from, from + readsAtOnce);
    for (const { pointer } of await Promise.all(some.map((key) => board.current(key)))) {
      if (pointer.weightsDigest === weightsDigest) found.push(pointer);
    }
  }
  return found;
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

/** Requests that were completed and that what serves remembers: after a rollback, until they are done again. */
async function problemsOfCoverage(
  context: ReleaseContext,
  serving: ServingPointer,
): Promise<ReleaseProblem[]> {
  const { modelKey } = serving;
  const reopened = context.projection.counts.countReopened(modelKey);
  const explanation =
    reopened > 0
      ? `${reopened} requests of ${modelKey} that were completed are open again after a rollback`
      : await untoldRollback(context, serving);
  return explanation === undefined ? [] : [{ reason: 'not_covering', explanation }];
}

/**
 * What an override opened again is in the log of the model when no round is in flight any more, and
 * on the topic after that: until both are so, nobody can count it.
 */
async function untoldRollback(
  { lineage, projection }: ReleaseContext,
  { modelKey, override, generation, sequence }: ServingPointer,
): Promise<string | undefined> {
  if (!override) return undefined;
  const last = await lastRollback(lineage, modelKey, await readLogEnd(lineage, modelKey));
  const isTold =
    last?.rollback.generation === generation &&
    last.rollback.reopened.every(({ request }) => {
      if (request === undefined) return true;
      const [found] = projection.find(request.requestId, request.emitter);
      return found !== undefined && found.current.sequence >= last.sequence;
    });
  if (isTold) return undefined;
  return `version ${sequence} of ${modelKey} serves by an override, and the requests that it opened again are not all told yet`;
}

function problemsOfDeadlines(
  { projection }: ReleaseContext,
  modelKey: string,
  now: Date,
): ReleaseProblem[] {
  const overdue = projection.counts.countOverdue(modelKey, now);
  if (overdue === 0) return [];
  const explanation = `${overdue} requests of ${modelKey} are past their deadline`;
  return [{ reason: 'overdue', explanation }];
}
