// Chaos must find what it looks for: bugs that break promise P1, each planted into the unlearner.
import { expect, test } from 'vitest';
import { embeddedSurroundings } from '../../chaos/embedded-surroundings.ts';
import { type ChaosOptions, type ChaosReport, runChaos } from '../../chaos/run-chaos.ts';

/** Several models to a partition, so that requests behind an unfinished one come again. */
function chaos(options: Partial<ChaosOptions>): Promise<ChaosReport> {
  return runChaos({
    requests: 300,
    kills: 6,
    seed: 3,
    // All are overdue: no round waits for others, so there are many to hit.
    submittedTime: new Date('2026-01-02'),
    models: 24,
    intervalMs: 2_000,
    // Long enough that most kills hit a round.
    roundMs: 600,
    maxBatch: 64,
    quietMs: 20_000,
    only: ['unlearner'],
    pauseShare: 0,
    open: embeddedSurroundings,
    say: () => {},
    ...options,
  });
}

test('without a bug the same havoc breaks nothing', async () => {
  const { violations, figures } = await chaos({ pauseShare: 0.3, leastPauses: 1 });
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ accepted: 300, lost: 0, twice: 0 });
});

test('requests that are not looked up in the lineage are seen to be applied twice, or to end twice', async () => {
  const { violations } = await chaos({ bug: 'skip-dedupe', killInRound: true });
  expect(violations.join('\n')).toMatch(/was applied twice|ended \d+ times/);
});

test('offsets committed before the manifest are seen to lose requests', async () => {
  const { violations, figures } = await chaos({ bug: 'early-offsets' });
  expect(violations.join('\n')).toMatch(/was accepted and is lost/);
  expect(figures.lost).toBeGreaterThan(0);
});

test('an owner that is not fenced is seen to overwrite the log, or to write twice', async () => {
  const { violations } = await chaos({ bug: 'no-fencing', pauseShare: 0.5, leastPauses: 2 });
  expect(violations.join('\n')).toMatch(
    /was overwritten|another manifest|model\.candidate\.v1: .* (?:was written|has) \d/,
  );
});
