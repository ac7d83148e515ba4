import { setTimeout as sleep } from 'node:timers/promises';
import type { BackendPreference } from '@lethe/compute';
import {
  DeletionRequest,
  type DeletionStatus,
  type Digest,
  IngestServiceClient,
  LetheError,
  type Mode,
  type ModelKey,
  RegistryServiceClient,
  Regulation,
  RequestState,
  UnlearnerServiceClient,
} from '@lethe/contracts';
import { openTrainingManifest } from '@lethe/datasets';
import type { LineageStore } from '@lethe/lineage';
import { connect, type Log } from '@lethe/service-kit';
import type { HomeLayout } from '../embedded/home-layout.ts';
import { startEmbedded } from '../embedded/start-embedded.ts';
import type { Output } from '../output/output.ts';
import { LiveRounds } from './live-rounds.ts';
import { type PlannedRequest, planScenario } from './scenario.ts';
import { seededUuids } from './seeded-uuids.ts';

export interface DemoSettings {
  readonly modelKey: ModelKey;
  readonly mode: Mode;
  readonly requests: number;
  readonly seed: number;
  readonly backend: BackendPreference;
  readonly layout: HomeLayout;
  readonly log: Log;
}

/** Forgetting at any price, nothing held in place: what a careless operator might choose. */
const carelessLadder = JSON.stringify([
  { method: 'lethe', settings: { steps: 'adam', retainWeight: 0, firstStep: 5 } },
  { method: 'lethe' },
]);
const emitter = 'demo';
const pollMs = 100;

/**
 * Streams the demo's requests through the real services: first a wave under a careless ladder,
 * then, after a restart on the same home, the rest under the default one.
 *
 * @returns how every request ended, in the order they were sent
 */
export async function runDemo(
  settings: DemoSettings,
  lineage: LineageStore,
  out: Output,
): Promise<DeletionStatus[]> {
  const subjects = await subjectsOf(settings, lineage);
  const scenario = planScenario(subjects, settings.requests, seededUuids(`demo/${settings.seed}`));
  const live = new LiveRounds(lineage, settings.modelKey, out);

  out.line('A careless setting first: forget with big steps, retain nothing (retainWeight 0).');
  const first = await runPhase(settings, carelessLadder, [scenario.careless], live);
  out.line('Restarted on the same home with the default settings.');
  const rest = await runPhase(settings, undefined, scenario.waves, live);
  return [...first, ...rest];
}

async function runPhase(
  settings: DemoSettings,
  ladder: string | undefined,
  waves: readonly (readonly PlannedRequest[])[],
  live: LiveRounds,
): Promise<DeletionStatus[]> {
  const abort = new AbortController();
  await using lethe = await startEmbedded({
    layout: settings.layout,
    log: settings.log,
    grpcAddress: '127.0.0.1:0',
    httpAddress: '127.0.0.1:0',
    backend: settings.backend,
    maxBatch: 64,
    maxWaitMs: 300,
    seed: settings.seed,
    onFatal: (error) => abort.abort(error),
    ...(ladder === undefined ? {} : { ladder }),
  });
  await using ingest = connectIngest(lethe.grpcAddress);
  await using registry = connectRegistry(lethe.grpcAddress);
  await using unlearner = connect(UnlearnerServiceClient, lethe.grpcAddress);
  const updates = unlearner.watchRounds({ modelKey: settings.modelKey }, { signal: abort.signal });
  const following = live.follow(updates, abort.signal);

  try {
    return await sendWaves(settings, waves, { ingest, registry, live, signal: abort.signal });
  } finally {
    abort.abort();
    await following;
  }
}

interface Connections {
  readonly ingest: ReturnType<typeof connectIngest>;
  readonly registry: ReturnType<typeof connectRegistry>;
  readonly live: LiveRounds;
  readonly signal: AbortSignal;
}

/** One wave after the other, each when the one before has ended. */
async function sendWaves(
  settings: DemoSettings,
  waves: readonly (readonly PlannedRequest[])[],
  { ingest, registry, live, signal }: Connections,
): Promise<DeletionStatus[]> {
  const ends: DeletionStatus[] = [];
  for (const wave of waves) {
    const { results } = await ingest.submitDeletions({
      requests: wave.map((request) => deletionRequest(settings, request)),
    });
    for (const { result } of results) {
      if (result?.$case === 'receipt') continue;
      throw new LetheError('internal', `the demo's request was refused: ${result?.value.message}`);
    }
    for (const request of wave) ends.push(await untilEnded(registry, request, signal));
    await live.showDecided();
  }
  return ends;
}

function deletionRequest(settings: DemoSettings, request: PlannedRequest): DeletionRequest {
  return DeletionRequest.fromPartial({
    requestId: request.requestId,
    emitter,
    modelKey: settings.modelKey,
    scope: { kind: { $case: 'subject', value: request.subject } },
    regulation: Regulation.REGULATION_GDPR,
    mode: settings.mode,
  });
}

const openStates: readonly RequestState[] = [
  RequestState.REQUEST_STATE_UNSPECIFIED,
  RequestState.REQUEST_STATE_ACCEPTED,
  RequestState.REQUEST_STATE_IN_ROUND,
];

const connectIngest = (address: string) => connect(IngestServiceClient, address);
const connectRegistry = (address: string) => connect(RegistryServiceClient, address);

async function untilEnded(
  registry: ReturnType<typeof connectRegistry>,
  request: PlannedRequest,
  signal: AbortSignal,
): Promise<DeletionStatus> {
  for (;;) {
    signal.throwIfAborted();
    const status = await registry
      .getRequest({ requestId: request.requestId, emitter })
      .catch((error: LetheError) => {
        if (error.code === 'not_found') return undefined;
        throw error;
      });
    const current = status?.current;
    if (current !== undefined && !openStates.includes(current.state)) return current;
    await sleep(pollMs);
  }
}

/** The subjects of the training manifest that own samples, in an order that follows from the seed. */
async function subjectsOf(settings: DemoSettings, lineage: LineageStore): Promise<string[]> {
  const registration = (await lineage.registration(settings.modelKey))?.record;
  const file = await lineage.blobs.file(registration?.trainingManifestDigest as Digest);
  using manifest = openTrainingManifest(file);
  const count = Math.min(settings.requests, manifest.subjectCount);
  const stride = Math.max(1, Math.floor(manifest.subjectCount / count));
  return Array.from(
    { length: count },
    (_, index) => `subject-${1 + ((index * stride + settings.seed) % manifest.subjectCount)}`,
  );
}
