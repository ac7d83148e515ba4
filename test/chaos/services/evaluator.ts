/** The evaluator as it ships, but that no network is run. */
import { createEvaluatorService, evaluatorConfigTable } from '@lethe/evaluator';
import { readPolicy } from '@lethe/gate';
import { LineageStore } from '@lethe/lineage';
import { defineConfig, runAlone, systemClock } from '@lethe/service-kit';
import { lenientPolicy } from '../../support/lenient-policy.ts';
import { StandInEvaluations } from './stand-in-evaluation.ts';

const settings = defineConfig({
  ...evaluatorConfigTable,
  refuseOneIn: {
    env: 'CHAOS_REFUSE_ONE_IN',
    flag: 'refuse-one-in',
    type: 'integer',
    default: 8,
    help: 'One candidate of so many is refused; 0: none.',
  },
  failures: {
    env: 'CHAOS_EVALUATION_FAILURES',
    flag: 'evaluation-failures',
    type: 'integer',
    default: 0,
    help: 'So many of the first evaluations fail.',
  },
});

await runAlone({
  name: 'evaluator',
  purpose: 'pretends to judge new versions.',
  settings,
  create: ({ context, config, log, bus, store, blobs }) =>
    createEvaluatorService({
      bus,
      lineages: new LineageStore(store, blobs),
      compute: new StandInEvaluations(config.refuseOneIn, config.failures),
      policy: readPolicy(lenientPolicy),
      heldKey: undefined,
      config,
      clock: systemClock,
      log,
      onFatal: context.fail,
    }),
});
