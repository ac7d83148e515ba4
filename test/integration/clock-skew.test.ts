// Services whose clocks are two hours apart. (MinIO itself refuses a clock that is 15 minutes off,
// with a message that names the clock; so the store here is a folder.)
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { embeddedSurroundings } from '../chaos/embedded-surroundings.ts';
import { Pipeline } from '../chaos/pipeline.ts';
import { serverSurroundings } from '../chaos/server-surroundings.ts';
import type { Surroundings } from '../chaos/surroundings.ts';

const twoHoursMs = 2 * 3_600_000;
const skews: Readonly<Record<string, number>> = {
  // Ahead of everybody: by the others' clocks its requests are yet to come.
  'ingest-1': twoHoursMs,
  'unlearner-2': -twoHoursMs,
  'evaluator-1': twoHoursMs,
  'registry-1': -twoHoursMs,
  'registry-2': twoHoursMs,
};
const skewedClock = fileURLToPath(new URL('../support/skewed-clock.ts', import.meta.url));

test('services whose clocks are two hours apart lose nothing and do nothing twice', async () => {
  const pipeline = await Pipeline.start({
    open: kafkaAndFolder,
    requests: 100,
    models: 8,
    settings: { LETHE_KAFKA_SESSION_TIMEOUT_MS: '6000' },
    settingsOf: (name) =>
      skews[name] === undefined
        ? {}
        : { NODE_OPTIONS: `--import=${skewedClock}`, CLOCK_SKEW_MS: String(skews[name]) },
  });
  try {
    await pipeline.untilCompleted(await pipeline.send(32));
    // The other of each pair has its turn, with its own clock.
    for (const name of ['unlearner-1', 'evaluator-2', 'registry-1']) {
      const member = pipeline.fleet.member(name);
      member.held = true;
      await member.process?.kill();
    }
    await pipeline.untilCompleted(await pipeline.send(32));
    expect(await pipeline.check()).toMatchObject({
      violations: [],
      figures: { lost: 0, twice: 0 },
    });
  } finally {
    await pipeline[Symbol.asyncDispose]();
  }
});

async function kafkaAndFolder(folder: string): Promise<Surroundings> {
  const servers = await serverSurroundings(folder, 1);
  const embedded = await embeddedSurroundings(folder);
  return {
    ...servers,
    name: 'a Kafka broker and a folder store',
    serviceEnv: { ...embedded.serviceEnv, LETHE_BUS: servers.serviceEnv['LETHE_BUS']! },
    openStore: embedded.openStore,
    observer: { ...embedded.observer, readTopics: servers.observer.readTopics },
  };
}
