import { ListVersionsRequest, Outcome, RollbackRequest } from '@lethe/contracts';
import { expect, it } from 'vitest';
import { purgeVersions } from '../purge/purge-versions.ts';
import { commitCandidate, openRegistryHome } from '../testing/registry-home.ts';
import { registryParts } from '../testing/registry-parts.ts';
import { listVersions } from './list-versions.ts';
import { putQuarantine } from './quarantine.ts';
import { type VersionFacts, versionState } from './version-state.ts';

it('a version goes through its states as its records are written, and each has its own', async () => {
  await using home = await openRegistryHome();
  const { lineage } = home;
  const parts = registryParts(home);
  const { board, clock, recorder } = parts;
  let isPurgeDue = false;
  const states = async () => {
    const context = { lineage, board, isPurgeDue: () => isPurgeDue };
    const request = ListVersionsRequest.fromPartial({ modelKey: 'm1', limit: 10 });
    const { versions } = await listVersions(context, request);
    return versions.map(({ sequence, state }) => `${sequence} ${state}`);
  };
  for (const sequence of [1, 2, 3]) await parts.settle({ sequence, parent: sequence - 1 });
  await parts.settle({ sequence: 4, parent: 3, outcome: Outcome.OUTCOME_FAIL });
  const judged = await commitCandidate(home, { sequence: 5, parent: 3 });
  expect(await states()).toEqual([
    ...['5 passed', '4 rejected', '3 serving', '2 superseded', '1 superseded'],
  ]);

  const by = { actor: 'ann', time: clock.now() };
  await putQuarantine(lineage, { modelKey: 'm1', sequence: 2, reason: 'poisoned', ...by });
  const back = { modelKey: 'm1', sequence: 1, reason: 'it was slower', override: true };
  await parts.rollbacks.rollBack(RollbackRequest.fromPartial(back), 'ann');
  await parts.promoter.settle(judged);
  expect(await states()).toEqual([
    ...['5 rejected', '4 rejected', '3 rolled_back', '2 quarantined', '1 serving'],
  ]);

  isPurgeDue = true;
  expect((await states()).slice(0, 3)).toEqual(['5 purge_due', '4 purge_due', '3 purge_due']);
  clock.advance(1_000);
  await purgeVersions({ lineage, recorder, now: () => clock.now(), keepMs: 0 }, 'm1');
  expect(await states()).toEqual(['5 purged', '4 purged', '3 purged', '2 purged', '1 serving']);
});

it('a candidate is being evaluated until there is a verdict', () => {
  const facts: VersionFacts = {
    ...{ verdict: undefined, decision: undefined, isQuarantined: false, isPurged: false },
    ...{ isServing: false, isRolledBack: false, isPurgeDue: false },
  };
  expect(versionState(facts)).toBe('evaluating');
  const verdict = { outcome: Outcome.OUTCOME_INCONCLUSIVE };
  expect(versionState({ ...facts, verdict })).toBe('rejected');
});
