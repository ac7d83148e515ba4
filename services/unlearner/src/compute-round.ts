import type { JobOptions, JobRunner } from '@lethe/compute';
import {
  type DatasetSource,
  type Digest,
  LetheError,
  type ModelRegistration,
  modeName,
  type Preprocessing,
} from '@lethe/contracts';
import { SetsInForce } from '@lethe/datasets';
import { type Lineage, type LineageStore, wholeClassesOf } from '@lethe/lineage';
import type { RoundProgress } from '@lethe/unlearning';
import type { Rung } from './domain/ladder.ts';
import type { PlannedPart } from './domain/plan-round.ts';
import { roundModeOf } from './domain/round-mode.ts';
import type { RoundJobInput, RoundJobOutput } from './jobs/round-job.ts';

/** The compiled job, wherever this module is run from. */
const roundJob = new URL(
  import.meta.url.endsWith('.ts') ? '../dist/jobs/round-job.js' : './jobs/round-job.js',
  import.meta.url,
);

export interface RoundToCompute {
  readonly parts: readonly PlannedPart[];
  readonly rung: Rung;
  readonly seed: number;
}

/**
 * Fetches everything that a round on the model's head needs.
 *
 * @param heldOutLimit most held-out samples that may steer the round
 */
export async function roundJobInput(
  lineage: Lineage,
  round: RoundToCompute,
  lineages: LineageStore,
  heldOutLimit: number,
): Promise<RoundJobInput> {
  const { blobs } = lineages;
  const { registration, state } = lineage;
  const { head } = state;
  const request = round.parts[0]?.pending.request;
  if (request === undefined) throw new LetheError('internal', 'a round without requests');
  const bytes = (digest: string) => blobs.get(digest as Digest);
  const [topology, weights, originalWeights, roundState, manifestFile] = await Promise.all([
    bytes(registration.topologyDigest),
    bytes(head.weightsDigest),
    bytes(registration.weightsDigest),
    head.stateDigest === undefined ? undefined : bytes(head.stateDigest),
    blobs.file(registration.trainingManifestDigest as Digest),
  ]);
  const sets = await new SetsInForce(lineages).of(registration);
  return {
    topology,
    weights,
    originalWeights,
    state: roundState,
    preprocessing: preprocessingOf(registration),
    training: { source: trainingSource(registration), manifestFile },
    rows: Uint32Array.from(new Set(round.parts.flatMap((part) => part.rows))).sort(),
    heldOut: sets.flatMap(({ set, excluded, digest: digestInForce }) => {
      const { name, role, source, ranges, digest } = set;
      if (role !== 'stop' || source === undefined) return [];
      return [{ name, source, ranges, digest, excluded, digestInForce }];
    }),
    heldOutLimit,
    mode: modeName(roundModeOf(request)),
    forgetClasses: wholeClassesOf(round.parts.map(({ pending }) => pending.request)),
    targetLabel: request.relabelTo,
    method: round.rung.method,
    settings: round.rung.settings,
    seed: round.seed,
  };
}

/** @throws LetheError what `JobRunner.run` says about the data or the process */
export function computeRound(
  compute: JobRunner,
  input: RoundJobInput,
  options: JobOptions<RoundProgress>,
): Promise<RoundJobOutput> {
  return compute.run<RoundJobInput, RoundJobOutput, RoundProgress>(roundJob, input, options);
}

function preprocessingOf({ preprocessing }: ModelRegistration): Preprocessing {
  return preprocessing ?? { scale: 1, mean: [0], std: [1] };
}

function trainingSource({ modelKey, trainingData }: ModelRegistration): DatasetSource {
  if (trainingData !== undefined) return trainingData;
  throw new LetheError(
    'precondition',
    `the registration of ${modelKey} does not say where its training data lies; import it again`,
  );
}
