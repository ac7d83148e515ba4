import type { OutgoingRecord } from '@lethe/bus';
import {
  CheckReleaseRequest,
  DeletionStatus,
  LetheError,
  RequestState,
  RollbackRequest,
  sha256,
  topics,
} from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { RequestProjection } from '../requests/request-projection.ts';
import { commitCandidate, openRegistryHome, type RegistryHome } from '../testing/registry-home.ts';
import { registryParts } from '../testing/registry-parts.ts';
import { checkRelease } from './check-release.ts';
import { putQuarantine } from './quarantine.ts';

const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const weights = (sequence: number) => sha256(sequence === 0 ? 'original' : `weights ${sequence}`);
const dayMs = 24 * 60 * 60 * 1000;

/** A registry's parts, a projection that hears what they tell when `listen` is called, and the question. */
function open(home: RegistryHome) {
  const parts = registryParts(home);
  const projection = RequestProjection.open(':memory:');
  const { lineage } = home;
  let isKnown = true;
  const currency = {
    async require() {
      if (!isKnown) throw new LetheError('unavailable', 'statuses are still being read');
    },
  };
  const hear = (records: readonly OutgoingRecord[]) =>
    projection.apply(
      records
        .filter(({ topic }) => topic === topics.deletionStatus.name)
        .map(({ value }) => DeletionStatus.decode(value)),
    );
  return {
    ...parts,
    projection,
    /** Takes in what was published since. */
    listen: () => hear(parts.published.splice(0)),
    loseTrack: () => {
      isKnown = false;
    },
    /** One promoted version that forgot one request of its own number. */
    async promote(sequence: number, parent = sequence - 1, requests = [sequence]) {
      const rows = requests.map((each) => ({ requestId: idOf(each), rows: [each] }));
      hear(await parts.settle({ sequence, parent, parts: rows }));
    },
    goBack: (sequence: number) =>
      parts.rollbacks.rollBack(
        RollbackRequest.fromPartial({
          ...{ modelKey: 'm1', sequence, override: true },
          reason: 'it misclassifies stop signs',
        }),
        'ann',
      ),
    async check(digest: string, change: Partial<CheckReleaseRequest> = {}) {
      const { board, clock } = parts;
      const question = CheckReleaseRequest.fromPartial({ weightsDigest: digest, ...change });
      const context = { lineage, board, projection, currency, now: () => clock.now() };
      const { allowed, problems } = await checkRelease(context, question);
      expect(allowed).toBe(problems.length === 0);
      return problems.map(({ reason }) => reason);
    },
  };
}

describe('a release', () => {
  it('is allowed for exactly the weights that serve, and no others', async () => {
    await using home = await openRegistryHome();
    const { promote, check } = open(home);
    await promote(1);
    await promote(2);
    expect(await check(weights(2))).toEqual([]);
    expect(await check(`sha256:${weights(2)}`, { modelKey: 'm1' })).toEqual([]);
    expect(await check(weights(1))).toEqual(['unknown_weights']);
    expect(await check(weights(1), { modelKey: 'm1' })).toEqual(['not_serving']);
    await expect(check('latest')).rejects.toThrow(/weights_digest = "latest": is not a SHA-256/);
  });

  it('is not allowed in another network, or in quarantine', async () => {
    await using home = await openRegistryHome();
    const { promote, check } = open(home);
    await promote(1);
    expect(await check(weights(1), { topologyDigest: sha256('original') })).toEqual([]);
    expect(await check(weights(1), { topologyDigest: sha256('other') })).toEqual([
      'other_topology',
    ]);
    const reason = 'poisoned';
    const by = { actor: 'ann', time: new Date() };
    await putQuarantine(home.lineage, { modelKey: 'm1', sequence: 1, reason, ...by });
    expect(await check(weights(1))).toEqual(['quarantined']);
  });

  it('is not allowed while a request is overdue, and is again once it has ended', async () => {
    await using home = await openRegistryHome();
    const { promote, check, projection, clock } = open(home);
    await promote(1);
    const status = DeletionStatus.fromPartial({
      ...{ requestId: idOf(9), emitter: 'shop', modelKey: 'm1' },
      state: RequestState.REQUEST_STATE_ACCEPTED,
      deadline: new Date(clock.now().getTime() + dayMs),
    });
    projection.apply([status]);
    expect(await check(weights(1))).toEqual([]);
    clock.advance(2 * dayMs);
    expect(await check(weights(1))).toEqual(['overdue']);
    const state = RequestState.REQUEST_STATE_COMPLETED;
    projection.apply([{ ...status, state, sequence: 2, time: clock.now() }]);
    expect(await check(weights(1))).toEqual([]);
  });

  it('is not allowed while it is not known where all requests stand', async () => {
    await using home = await openRegistryHome();
    const { promote, check, loseTrack } = open(home);
    await promote(1);
    loseTrack();
    await expect(check(weights(1))).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('must hold for each of the models that serve the same weights, unless one is named', async () => {
    await using home = await openRegistryHome();
    await home.register('m2');
    const { check, projection, clock } = open(home);
    const state = RequestState.REQUEST_STATE_ACCEPTED;
    const deadline = new Date(clock.now().getTime() - dayMs);
    const place = { requestId: idOf(1), emitter: 'shop', modelKey: 'm2' };
    projection.apply([DeletionStatus.fromPartial({ ...place, state, deadline })]);
    expect(await check(weights(0))).toEqual(['overdue']);
    expect(await check(weights(0), { modelKey: 'm1' })).toEqual([]);
  });
});

describe('after a rollback by override, a release', () => {
  it('is not allowed from the move on until every request is done again', async () => {
    await using home = await openRegistryHome();
    const { promote, check, goBack, listen, published, projection, rollbacks, ...parts } =
      open(home);
    for (const sequence of [1, 2, 3]) await promote(sequence);
    // The log takes no entry while a round is judged.
    const inFlight = await commitCandidate(home, { sequence: 4, parent: 3 });
    await goBack(1);
    expect(published).toEqual([]);
    expect(await check(weights(1))).toEqual(['not_covering']);
    await parts.promoter.settle(inFlight);
    expect(await rollbacks.record('m1')).toBe(true);
    // In the log, and not heard of yet.
    expect(await check(weights(1))).toEqual(['not_covering']);
    listen();
    expect(await check(weights(1))).toEqual(['not_covering']);
    // A round for them is under way, which changes nothing about what serves.
    for (const number of [2, 3]) {
      const [found] = projection.find(idOf(number), 'shop');
      const state = RequestState.REQUEST_STATE_IN_ROUND;
      projection.apply([{ ...found!.current, state, sequence: 6 }]);
    }
    expect(await check(weights(1))).toEqual(['not_covering']);
    // One of the two is done again: the other one is still remembered by what serves.
    await promote(6, 1, [2]);
    expect(await check(weights(6))).toEqual(['not_covering']);
    await promote(7, 6, [3]);
    expect(await check(weights(7))).toEqual([]);
  });

  it('is allowed once those who asked have taken it back', async () => {
    await using home = await openRegistryHome();
    const { promote, check, goBack, listen, projection } = open(home);
    for (const sequence of [1, 2]) await promote(sequence);
    await goBack(1);
    listen();
    expect(await check(weights(1))).toEqual(['not_covering']);
    const [found] = projection.find(idOf(2), 'shop');
    const state = RequestState.REQUEST_STATE_CANCELLED;
    projection.apply([{ ...found!.current, state, sequence: 4 }]);
    expect(await check(weights(1))).toEqual([]);
  });
});
