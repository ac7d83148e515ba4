// What a rolling upgrade does: every service in turn gets SIGTERM in the middle of its work and is
// replaced by a new process, while requests keep coming, on a real broker and a real MinIO. Old and
// new processes work side by side.
//
// Both are of this checkout. LETHE_TEST_OLD_CHECKOUT=DIR, a checkout of a former version that was
// built, has the first lives of the services run from there: then it is an upgrade in earnest. And
// with it the way back is tried, too: what the new ones have written is gone on with by old ones.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { Pipeline, type PipelineOptions } from '../chaos/pipeline.ts';
import { serverSurroundings } from '../chaos/server-surroundings.ts';

const models = 8;
const order = ['registry', 'evaluator', 'unlearner', 'ingest'] as const;
const formerCheckout = process.env['LETHE_TEST_OLD_CHECKOUT'] || undefined;

let pipeline: Pipeline | undefined;
afterEach(async () => {
  await pipeline?.[Symbol.asyncDispose]();
  pipeline = undefined;
});

test('one service after the other is replaced with requests in flight: none is lost, none done twice, and all end in time', async () => {
  await replaceAll(order, formerCheckout === undefined ? {} : { firstCheckout: formerCheckout });
});

test.runIf(formerCheckout)(
  'the former version takes over again, in the reverse order, just as well',
  async () => {
    await replaceAll(order.toReversed(), { secondCheckout: formerCheckout! });
  },
);

async function replaceAll(
  services: readonly (typeof order)[number][],
  checkouts: NonNullable<PipelineOptions['checkouts']>,
): Promise<void> {
  pipeline = await Pipeline.start({
    open: (folder) => serverSurroundings(folder, 1),
    requests: 400,
    models,
    settings: {
      LETHE_KAFKA_SESSION_TIMEOUT_MS: '6000',
      LETHE_MAX_BATCH: '150',
      // Long enough that SIGTERM finds a round under way.
      CHAOS_ROUND_MS: '700',
    },
    checkouts,
  });
  const { fleet } = pipeline;
  await pipeline.untilCompleted(await pipeline.send(models * 2));

  const stop = new AbortController();
  const emitting = emitUntil(pipeline, stop.signal);
  const tookMs: Record<string, number> = {};
  for (const service of services) {
    for (const member of fleet.members.filter((each) => each.service === service)) {
      member.held = true;
      const since = performance.now();
      const { process: former } = member;
      // Within 20 s, or it is killed: half of what the manifests leave it.
      await former?.stop();
      tookMs[member.name] = Math.round(performance.now() - since);
      expect([member.name, former?.ending]).toEqual([member.name, 0]);
      fleet.replace(member);
      await expect.poll(() => member.process?.output() ?? '').toContain('"grpc":');
    }
  }
  process.stderr.write(`SIGTERM to exit, in ms: ${JSON.stringify(tookMs)}\n`);
  // The new ones alone take more.
  stop.abort();
  const sent = await emitting;
  await pipeline.untilCompleted(await pipeline.send(models));
  await pipeline.untilCompleted(sent);
  expect(sent.length).toBeGreaterThan(models);
  expect(fleet.endedByThemselves).toEqual([]);
  expect(await pipeline.check()).toMatchObject({ violations: [], figures: { lost: 0, twice: 0 } });
}

/** A request for each model, again and again. @returns all of them */
async function emitUntil(pipeline: Pipeline, signal: AbortSignal) {
  const sent = [];
  while (!signal.aborted) {
    sent.push(...(await pipeline.send(models)));
    await sleep(1_000);
  }
  return sent;
}
