import { ComputeProcess } from '@lethe/compute';
import { Mode, ModelVerdict, Outcome, topics } from '@lethe/contracts';
import { createEvaluatorService, evaluatorSettings } from '@lethe/evaluator';
import { defaultPolicy } from '@lethe/gate';
import { openLineage } from '@lethe/lineage';
import { readConfig, silentLog, systemClock } from '@lethe/service-kit';
import { createUnlearnerService, unlearnerSettings } from '@lethe/unlearner';
import { expect, test } from 'vitest';
import { TinyWorld, tapTopic, until } from '../support/tiny-world.ts';

test('real rounds pass the real gate; one that costs too much climbs the ladder and is escalated', async () => {
  await using world = await TinyWorld.create(['tiny']);
  await using compute = new ComputeProcess({ backend: { prefer: 'js' } });
  const deps = {
    bus: world.bus,
    lineages: world.lineages,
    compute,
    clock: systemClock,
    log: silentLog,
    onFatal: (error: Error) => {
      throw error;
    },
  };
  const settings = { env: {}, argv: [] };
  await using evaluator = createEvaluatorService({
    ...deps,
    policy: defaultPolicy,
    heldKey: undefined,
    config: readConfig(evaluatorSettings, settings),
  });
  const config = readConfig(unlearnerSettings, settings);
  // Adam pays for what natural steps get for nothing.
  const adam = { method: 'lethe', settings: { steps: 'adam' } };
  const patient = { retainWeight: 32, stepLimit: 1600, repairSteps: 200 };
  const ladder = JSON.stringify([
    adam,
    { ...adam, max_batch: 16 },
    { ...adam, max_batch: 16, settings: { ...adam.settings, ...patient } },
  ]);
  await using unlearner = createUnlearnerService({
    ...deps,
    config: { ...config, maxWaitMs: 50, ladder },
  });
  // Stands in for the registry.
  await using _ = await tapTopic(world.bus, topics.modelVerdict, async ({ value }) => {
    const { sequence, outcome } = ModelVerdict.decode(value);
    const found = await world.lineages.manifest('tiny', sequence);
    if (found !== undefined) await world.decide(found.record, outcome === Outcome.OUTCOME_PASS);
  });
  await evaluator.start();
  await unlearner.start();

  const progress = async (key: string) => {
    const { state } = await openLineage(world.lineages, 'tiny');
    return state.progress(key).kind;
  };
  const ends = async (given: Parameters<typeof world.submit>[0]) => {
    const key = await world.submit(given);
    await until('it has ended', async () => /completed|escalated/.test(await progress(key)));
    return progress(key);
  };
  expect(await ends({ rows: [0, 1, 2, 3, 4, 5, 6, 7] })).toBe('completed');
  expect(await ends({ rows: [8, 9], mode: Mode.MODE_MISCLASSIFY })).toBe('completed');
  const before = await world.lineages.serving('tiny');
  // A label that is far off for twenty pictures of one class: the small network cannot learn it cheaply.
  const rows = Array.from({ length: 20 }, (_, index) => 12 + 8 * index);
  const relabel = { rows, mode: Mode.MODE_RELABEL, relabelTo: 2 };
  expect(await ends(relabel)).toBe('escalated');

  const log = await world.log();
  const rounds = log.length - 1;
  expect(log.map(({ entry }) => entry?.$case)).toEqual([
    ...Array(rounds).fill('round'),
    'escalation',
  ]);
  const attempts = [rounds - 2, rounds - 1, rounds];
  const parentSequence = before?.pointer.sequence;
  expect(log.at(-1)?.entry).toMatchObject({ value: { attempts, parentSequence } });
  expect((await world.lineages.serving('tiny'))?.pointer).toEqual(before?.pointer);
  const refused = await world.lineages.verdict('tiny', rounds - 2);
  const blocking = refused?.record.checks.filter(
    ({ outcome, advisory }) => outcome !== Outcome.OUTCOME_PASS && !advisory,
  );
  expect(blocking?.map(({ metric }) => metric)).toContain('held_out_accuracy.vs_served');
});
