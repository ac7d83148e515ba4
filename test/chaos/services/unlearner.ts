/** The unlearner as it ships, but that its rounds are stand-ins; with a bug in it when asked. */
import { LineageStore } from '@lethe/lineage';
import { defineConfig, runAlone, systemClock } from '@lethe/service-kit';
import { BlobStore } from '@lethe/store';
import { createUnlearnerService, unlearnerConfigTable } from '@lethe/unlearner';
import {
  commitOffsetsEarly,
  plantedBugs,
  skipDedupe,
  withoutConditions,
  withoutFencing,
} from './planted-bugs.ts';
import { StandInRounds } from './stand-in-round.ts';

const settings = defineConfig({
  ...unlearnerConfigTable,
  roundMs: {
    env: 'CHAOS_ROUND_MS',
    flag: 'round-ms',
    type: 'integer',
    default: 100,
    help: 'How long a stand-in for a round takes, on average.',
  },
  bug: {
    env: 'CHAOS_BUG',
    flag: 'bug',
    type: 'string',
    choices: ['none', ...plantedBugs],
    default: 'none',
    help: 'A bug to plant.',
  },
});

await runAlone({
  name: 'unlearner',
  purpose: 'pretends to make models forget.',
  settings,
  create: async ({ context, config, log, bus, store, blobs }) => {
    const { bug, roundMs } = config;
    if (bug === 'skip-dedupe') await skipDedupe();
    if (bug === 'early-offsets') commitOffsetsEarly();
    const unfenced = bug === 'no-fencing';
    const lineages = unfenced
      ? new LineageStore(
          withoutConditions(store),
          new BlobStore(store, { cacheFolder: config.cache }),
        )
      : new LineageStore(store, blobs);
    return createUnlearnerService({
      bus: unfenced ? withoutFencing(bus) : bus,
      lineages,
      compute: new StandInRounds(() => roundMs * (0.5 + Math.random())),
      config,
      clock: systemClock,
      log,
      onFatal: context.fail,
    });
  },
});
