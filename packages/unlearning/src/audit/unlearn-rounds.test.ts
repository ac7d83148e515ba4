import { openBackend } from '@lethe/compute';
import { beforeAll, expect, it } from 'vitest';
import { Random } from '../random.ts';
import { runRound } from '../run-round.ts';
import { type BlobTask, firstOf, roundOf, trainBlobTask } from '../testing/blob-task.ts';
import { unlearnRounds } from './unlearn-rounds.ts';

let task: BlobTask;
beforeAll(async () => {
  await openBackend({ prefer: 'js' });
  task = await trainBlobTask();
});

it('starts each round from the weights and the state that the one before left', async () => {
  const rounds = [firstOf(task.train, 8), firstOf(task.train, 8, 8)];
  const method = { name: 'lethe', settings: { stepLimit: 20, forgetSteps: 2, repairSteps: 2 } };
  const plan = { rounds, heldOut: task.heldOut, seed: 3, method };
  const seen: string[] = [];
  const weights = await unlearnRounds(task.network, task.weights, plan, (what) => {
    seen.push(what);
    return {};
  });
  expect(seen).toEqual(['unlearning, round 1', 'unlearning, round 2']);

  const roundAt = (index: number) =>
    roundOf(task, {
      mode: 'untrain',
      forget: rounds[index] as (typeof rounds)[number],
      settings: method.settings,
      seed: new Random(3).fork(`round ${index}`).bits(),
    });
  const first = await runRound(roundAt(0));
  const { weights: served, state } = first;
  const second = await runRound({ ...roundAt(1), weights: [...served], state });
  expect(weights).toEqual(second.weights);
});
