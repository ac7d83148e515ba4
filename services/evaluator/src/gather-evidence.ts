/**
 * Brings together what a judgement rests on: digests from the record, predictions from a
 * compute process.
 *
 * What is wrong with the candidate becomes evidence. What is wrong around it (a store that does
 * not answer, a data folder that is not mounted) is thrown: waiting mends it, a verdict would not.
 */
import type { JobOptions } from '@lethe/compute';
import {
  type Digest,
  LetheError,
  type ModelRegistration,
  type Round,
  type RoundManifest,
  sha256,
} from '@lethe/contracts';
import type { LineageStore } from '@lethe/lineage';
import type { Evidence, Found, Version } from './domain/evidence.ts';
import { modeNameOf } from './domain/mode-name.ts';
import type { ForgottenClasses } from './forgotten-classes.ts';
import { GatePredictions, heldOutOf, type ModelDigests } from './gate-predictions.ts';
import type { JobRunner } from './job-runner.ts';
import type { EvaluateInput, EvaluateOutput, EvaluateProgress } from './jobs/evaluate-job.ts';
import type { PredictionCache } from './prediction-cache.ts';

export interface EvidenceDeps {
  readonly lineages: LineageStore;
  readonly compute: JobRunner;
  readonly cache: PredictionCache;
  readonly forgottenClasses: ForgottenClasses;
}

/** A round to be judged, with the model it belongs to. */
export interface Candidate {
  readonly registration: ModelRegistration;
  readonly manifest: RoundManifest;
  readonly round: Round;
}

/** The compiled job, wherever this module is run from. */
const evaluateJob = new URL(
  import.meta.url.endsWith('.ts') ? '../dist/jobs/evaluate-job.js' : './jobs/evaluate-job.js',
  import.meta.url,
);

/** Name of the forget set in the job; no evaluation set is called so. */
const forgetSet = ':forget';

/** @param served what serves now */
export async function gatherEvidence(
  { registration, manifest, round }: Candidate,
  served: Version,
  deps: EvidenceDeps,
  options: JobOptions<EvaluateProgress>,
): Promise<Evidence> {
  const candidate = await readWeights(round.weightsDigest, deps.lineages);
  const facts = {
    mode: modeNameOf(round.mode),
    classNames: classNamesOf(registration),
    forgottenClasses: await deps.forgottenClasses.upTo(manifest),
    parent: { sequence: round.parentSequence, weightsDigest: round.parentWeightsDigest },
    served,
  };
  if (candidate.kind === 'missing') {
    return { ...facts, weights: candidate, heldOut: candidate, forget: candidate };
  }

  const models: ModelDigests = {
    candidate: round.weightsDigest,
    served: served.weightsDigest,
    original: registration.weightsDigest,
  };
  const wanted = [...new Set(Object.values(models))];
  const gateSets = registration.evaluationSets
    .filter(({ role }) => role === 'gate')
    .map((set) => new GatePredictions(set, wanted, deps.cache));
  const input = await jobInput(registration, round, gateSets, models, candidate.value, deps);
  if (input.kind === 'missing') {
    return {
      ...facts,
      weights: weightsFound(round, candidate.value),
      heldOut: input,
      forget: input,
    };
  }
  const output = await deps.compute.run<EvaluateInput, EvaluateOutput, EvaluateProgress>(
    evaluateJob,
    input.value,
    options,
  );

  const broken = output.unreadable[models.candidate];
  if (broken !== undefined) {
    const missing = missingBecause('weights_unreadable', broken);
    return { ...facts, weights: missing, heldOut: missing, forget: missing };
  }
  for (const gate of gateSets) {
    const seen = output.sets.find(({ set }) => set === gate.set.name);
    if (seen !== undefined) gate.learn(seen, deps.cache);
  }
  return {
    ...facts,
    weights: weightsFound(round, candidate.value, output.nonFinite[models.candidate]),
    heldOut: heldOutEvidence(output, gateSets, models),
    forget: forgetEvidence(output, round),
  };
}

function weightsFound(round: Round, bytes: Uint8Array, nonFinite?: string): Evidence['weights'] {
  const value = { statedDigest: round.weightsDigest, actualDigest: sha256(bytes), nonFinite };
  return { kind: 'found', value };
}

/** Only what is not known yet is asked for, and only the weights for it are fetched. */
async function jobInput(
  registration: ModelRegistration,
  round: Round,
  gateSets: readonly GatePredictions[],
  models: ModelDigests,
  candidate: Uint8Array,
  { lineages }: EvidenceDeps,
): Promise<Found<EvaluateInput>> {
  const wanted = [...new Set(Object.values(models))];
  const sets = gateSets.flatMap((gate) => {
    const missing = gate.missing(wanted);
    const { name, source, ranges, digest } = gate.set;
    if (missing.length === 0) return [];
    if (source === undefined) throw unregistered(`the source of evaluation set ${name}`);
    const samples = { kind: 'evaluation-set', source, ranges, digest } as const;
    return [{ name, samples, models: missing }];
  });
  const weights = new Map<string, Uint8Array>([[models.candidate, candidate]]);
  for (const digest of new Set(sets.flatMap((set) => set.models))) {
    if (weights.has(digest)) continue;
    const found = await readWeights(digest, lineages);
    if (found.kind === 'missing') return missingBecause('baseline_unreadable', found.explanation);
    weights.set(digest, found.value);
  }
  if (registration.trainingData === undefined) throw unregistered('its training data');
  const forget = {
    kind: 'training-rows',
    source: registration.trainingData,
    manifestFile: await lineages.blobs.file(registration.trainingManifestDigest as Digest),
    rows: rowsOf(round),
  } as const;
  return {
    kind: 'found',
    value: {
      topology: await lineages.blobs.get(registration.topologyDigest as Digest),
      preprocessing: registration.preprocessing ?? { scale: 1, mean: [0], std: [1] },
      models: [...weights].map(([name, bytes]) => ({ name, weights: bytes })),
      sets: [...sets, { name: forgetSet, samples: forget, models: [models.candidate] }],
    },
  };
}

function heldOutEvidence(
  output: EvaluateOutput,
  gateSets: readonly GatePredictions[],
  models: ModelDigests,
): Evidence['heldOut'] {
  if (gateSets.length === 0) {
    return missingBecause('no_gate_set', 'The model was registered without a gate set.');
  }
  for (const baseline of [models.served, models.original]) {
    const broken = output.unreadable[baseline] ?? output.nonFinite[baseline];
    if (broken !== undefined && baseline !== models.candidate) {
      return missingBecause('baseline_unreadable', broken);
    }
  }
  return { kind: 'found', value: heldOutOf(gateSets, models) };
}

function forgetEvidence(output: EvaluateOutput, round: Round): Evidence['forget'] {
  const seen = output.sets.find(({ set }) => set === forgetSet);
  if (seen === undefined) return missingBecause('no_forget_set', 'The forget set was not seen.');
  const candidate = seen.predictions[round.weightsDigest] ?? seen.labels.map(() => -1);
  const target = round.parts[0]?.request?.relabelTo;
  const targets = target === undefined ? {} : { targets: seen.labels.map(() => target) };
  return { kind: 'found', value: { labels: seen.labels, candidate, ...targets } };
}

/** Rows that the round served, each once, ascending. */
function rowsOf({ parts }: Round): Uint32Array {
  return Uint32Array.from(new Set(parts.flatMap(({ rows }) => rows))).sort();
}

function classNamesOf({ classCount, classNames }: ModelRegistration): readonly string[] {
  return Array.from({ length: classCount }, (_, label) => classNames[label] ?? String(label));
}

async function readWeights(digest: string, { blobs }: LineageStore): Promise<Found<Uint8Array>> {
  try {
    return { kind: 'found', value: await blobs.get(digest as Digest) };
  } catch (error) {
    const { code, message } = LetheError.from(error);
    if (code === 'not_found' || code === 'corrupt')
      return missingBecause(`weights_${code}`, message);
    throw error;
  }
}

function missingBecause(
  reason: string,
  explanation: string,
): Extract<Found<never>, { kind: 'missing' }> {
  return { kind: 'missing', reason, explanation };
}

function unregistered(what: string): LetheError {
  return new LetheError(
    'precondition',
    `the registration of the model does not name ${what}; import it again`,
  );
}
