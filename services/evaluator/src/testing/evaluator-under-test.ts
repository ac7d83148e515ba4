import type { JobRunner } from '@lethe/compute';
import {
  type Digest,
  EvaluatorServiceClient,
  Mode,
  ModelCandidate,
  type RoundManifest,
  topics,
} from '@lethe/contracts';
import { defaultPolicy, type Policy } from '@lethe/gate';
import {
  type Clock,
  connect,
  createLog,
  encodeEvent,
  type LetheService,
  readConfig,
  silentLog,
  startGrpcServer,
  systemClock,
} from '@lethe/service-kit';
import type { TinyWorld } from '../../../../test/support/tiny-world.ts';
import { evaluatorSettings } from '../config.ts';
import type { HeldKey } from '../held/seal.ts';
import { createEvaluatorService } from '../service.ts';

const log =
  process.env['LETHE_TEST_LOG'] === undefined ? silentLog : createLog({ service: 'test' });

export function evaluatorOn(
  world: TinyWorld,
  compute: JobRunner,
  policy: Policy = defaultPolicy,
  options: { readonly heldKey?: HeldKey; readonly clock?: Clock } = {},
): LetheService {
  return createEvaluatorService({
    bus: world.bus,
    lineages: world.lineages,
    compute,
    policy,
    heldKey: options.heldKey as HeldKey | undefined,
    config: readConfig(evaluatorSettings, { env: {}, argv: [] }),
    clock: options.clock ?? systemClock,
    log,
    onFatal: (error) => {
      throw error;
    },
  });
}

export interface Proposal {
  readonly weights?: Uint8Array;
  /** A blob that is not stored. */
  readonly weightsDigest?: string;
  readonly rows?: readonly number[];
  readonly mode?: Mode;
  readonly relabelTo?: number;
  readonly classLabel?: number;
  readonly parentSequence?: number;
  readonly modelKey?: string;
}

/** Writes a round as the unlearner would, and announces it. Default: one that hardly changed a thing. */
export async function propose(world: TinyWorld, proposal: Proposal = {}): Promise<RoundManifest> {
  const { modelKey = 'tiny', rows = [0, 1], mode = Mode.MODE_UNTRAIN } = proposal;
  const registered = await world.lineages.registration(modelKey);
  const sequence = (await world.log(modelKey)).length + 1;
  const original = registered?.record.weightsDigest ?? '';
  const { relabelTo, classLabel } = proposal;
  const request = await world.request({
    modelKey,
    rows,
    mode,
    ...(relabelTo === undefined ? {} : { relabelTo }),
    ...(classLabel === undefined ? {} : { classLabel }),
  });
  const weightsDigest = await world.lineages.blobs.put(proposal.weights ?? touched(world));
  const manifest: RoundManifest = {
    modelKey,
    sequence,
    entry: {
      $case: 'round',
      value: {
        parentSequence: proposal.parentSequence ?? 0,
        parentWeightsDigest: original,
        weightsDigest,
        stateDigest: original,
        parts: [{ request, rows: [...rows], last: true }],
        mode,
        method: 'planted',
        ladderStep: 0,
        seed: 0,
        settingsJson: '{}',
        backend: 'none',
        metrics: undefined,
        stopSetDigests: {},
      },
    },
    createdTime: new Date(0),
    outbox: [],
    traceparent: '',
  };
  await world.lineages.commitManifest(manifest);
  if (proposal.weightsDigest === '') await world.lineages.blobs.delete(weightsDigest as Digest);
  await announce(world, manifest);
  return manifest;
}

/** The network's weights, one of them a little greater. */
function touched({ network }: TinyWorld): Uint8Array {
  const bytes = network.weights.slice();
  const values = new Float32Array(bytes.buffer);
  values[0] = (values[0] ?? 0) + 1e-4;
  return bytes;
}

/** Publishes the candidate event of a round; `change` plants a lie in it. */
export async function announce(
  world: TinyWorld,
  { modelKey, sequence }: RoundManifest,
  change: Partial<ModelCandidate> = {},
): Promise<void> {
  const found = await world.lineages.manifest(modelKey, sequence);
  const event = ModelCandidate.fromPartial({
    modelKey,
    sequence,
    manifestDigest: found?.digest ?? '',
    ...change,
  });
  await world.bus.publish([encodeEvent(topics.modelCandidate, modelKey, ModelCandidate, event)]);
}

/** A client on a server of its own. */
export async function clientOf(service: LetheService) {
  const server = await startGrpcServer({ address: '127.0.0.1:0', services: service.grpc, log });
  const client = connect(EvaluatorServiceClient, server.address);
  return {
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
