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
  longRoundMs: {
    env: 'CHAOS_LONG_ROUND_MS',
    flag: 'long-round-ms',
    type: 'integer',
    default: 0,
    help: 'How long a round of many samples takes, if not as long as any other.',
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

/** More than the requests of a test fill together, fewer than a big one. */
const manySamples = 100;

await runAlone({
  name: 'unlearner',
  purpose: 'pretends to make models forget.',
  settings,
  create: async ({ context, config, log, bus, store, blobs }) => {
    const { bug, roundMs, longRoundMs } = config;
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
      compute: new StandInRounds((samples) =>
        longRoundMs > 0 && samples >= manySamples ? longRoundMs : roundMs * (0.5 + Math.random()),
      ),
      config,
      clock: systemClock,
      log,
      onFatal: context.fail,
    });
  },
});
