/**
 * Brings together what a judgement rests on: digests from the record, logits from a compute
 * process, what is still held of earlier rounds.
 *
 * What is wrong with the candidate becomes evidence. What is wrong around it (a store that does
 * not answer, a data folder that is not mounted) is thrown: waiting mends it, a verdict would not.
 */
import type { JobOptions, JobRunner } from '@lethe/compute';
import {
  type Digest,
  LetheError,
  type ModelRegistration,
  modeName,
  type Round,
  type RoundManifest,
  sha256,
} from '@lethe/contracts';
import type { SetInForce, SetsInForce } from '@lethe/datasets';
import type { Evidence, Found, HygieneEvidence, Policy, Version } from '@lethe/gate';
import type { LineageStore } from '@lethe/lineage';
import type { ArrayCache } from './array-cache.ts';
import { earlierSets } from './earlier-sets.ts';
import { bytesNeeded, evaluateInput, forgetSet } from './evaluate-input.ts';
import type { ForgottenClasses } from './forgotten-classes.ts';
import type { HeldSets } from './held/held-sets.ts';
import type {
  EvaluateInput,
  EvaluateOutput,
  EvaluateProgress,
  SetLogits,
} from './jobs/evaluate-job.ts';
import type { ModelRoles, WeightsFacts } from './jobs/open-models.ts';
import { heldOutOf, KnownLogits } from './known-logits.ts';
import type { MemoryBudget } from './memory-budget.ts';

export interface EvidenceDeps {
  readonly lineages: LineageStore;
  readonly compute: JobRunner;
  readonly cache: ArrayCache;
  readonly forgottenClasses: ForgottenClasses;
  readonly setsInForce: SetsInForce;
  readonly held: HeldSets;
  readonly memory: MemoryBudget;
}

/** A round to be judged, with the model it belongs to. */
export interface Candidate {
  readonly registration: ModelRegistration;
  readonly manifest: RoundManifest;
  readonly round: Round;
}

export interface Gathered {
  readonly evidence: Evidence;
  /** The forgotten samples themselves, where they are to be held. */
  readonly forgetSamples:
    | { readonly values: Float32Array; readonly labels: Int32Array }
    | undefined;
}

/** The compiled job, wherever this module is run from. */
const evaluateJob = new URL(
  import.meta.url.endsWith('.ts') ? '../dist/jobs/evaluate-job.js' : './jobs/evaluate-job.js',
  import.meta.url,
);

/** Most numbers that the logits of one model on one set may be: 64 MiB. */
const mostLogits = 2 ** 24;

/** What the candidate is held against: what serves now, and what is left of the evaluation sets. */
export interface Surroundings {
  readonly served: Version;
  readonly sets: readonly SetInForce[];
}

export async function gatherEvidence(
  candidate: Candidate,
  { served, sets }: Surroundings,
  policy: Policy,
  deps: EvidenceDeps,
  options: JobOptions<EvaluateProgress>,
): Promise<Gathered> {
  const { registration, manifest, round } = candidate;
  const facts = {
    mode: modeName(round.mode),
    classNames: classNamesOf(registration),
    forgottenClasses: await deps.forgottenClasses.upTo(manifest),
    alreadyForgotten: round.metrics?.outcome === 'already_forgotten',
    parent: { sequence: round.parentSequence, weightsDigest: round.parentWeightsDigest },
    served,
  };
  const nothing = (why: Missing, weights: Evidence['weights'] = why): Gathered => ({
    evidence: {
      ...facts,
      weights,
      hygiene: why,
      heldOut: why,
      forget: why,
      earlier: { kind: 'found', value: [] },
    },
    forgetSamples: undefined,
  });

  const roles: ModelRoles = {
    candidate: round.weightsDigest,
    served: served.weightsDigest,
    original: registration.weightsDigest,
  };
  const weights = await readAll(roles, deps.lineages);
  if (weights.kind === 'missing') return nothing(weights);
  const stated = sha256(weights.value[roles.candidate] as Uint8Array);
  const baselines = weightsFound(round, stated, undefined);
  const { modelKey, trainingManifestDigest } = registration;
  const choice = {
    modelKey,
    trainingManifestDigest,
    limit: Math.min(
      policy.maxHeldOutSamples,
      Math.max(1, Math.floor(mostLogits / registration.classCount)),
    ),
  };
  const wanted = [...new Set(Object.values(roles))];
  const gateSets = sets
    .filter(({ set }) => set.role === 'gate')
    .map((inForce) => new KnownLogits(inForce, choice, wanted, deps.cache));
  const earlier = await earlierSets(candidate, wanted, policy, deps);
  const input = await evaluateInput(candidate, policy, { roles, gateSets, earlier, choice }, deps);
  using _ = await deps.memory.reserve(
    bytesNeeded(weights.value, input, registration),
    options.signal,
  );
  const output = await deps.compute.run<EvaluateInput, EvaluateOutput, EvaluateProgress>(
    evaluateJob,
    { ...input, weights: weights.value },
    options,
  );

  const unsound = unsoundModel(output.weights, roles);
  if (unsound !== undefined) {
    const { model, why } = unsound;
    if (model !== 'candidate') return nothing(why, baselines);
    return nothing(
      why,
      unsound.nonFinite === undefined ? why : weightsFound(round, stated, output.weights),
    );
  }
  for (const gate of gateSets) {
    const seen = output.sets.find(({ set }) => set === gate.name);
    if (seen !== undefined) gate.learn(seen);
  }
  for (const set of earlier) {
    const seen = output.sets.find((each) => each.set === set.name);
    if (seen !== undefined) set.learn(seen.logits);
  }
  const forget = output.sets.find(({ set }) => set === forgetSet);
  return {
    evidence: {
      ...facts,
      weights: weightsFound(round, stated, output.weights),
      hygiene: hygieneOf(gateSets),
      heldOut:
        gateSets.length === 0
          ? missingBecause('no_gate_set', 'The model was registered without a gate set.')
          : { kind: 'found', value: heldOutOf(gateSets, roles) },
      forget: forgetEvidence(forget, candidate, roles),
      earlier: { kind: 'found', value: earlier.map((set) => set.evidence(roles)) },
    },
    forgetSamples:
      forget?.values === undefined ? undefined : { values: forget.values, labels: forget.labels },
  };
}

type Missing = Extract<Found<never>, { kind: 'missing' }>;

/** The first model that cannot be run, the candidate before its baselines. */
function unsoundModel(facts: WeightsFacts, roles: ModelRoles) {
  for (const model of ['candidate', 'served', 'original'] as const) {
    const digest = roles[model];
    const nonFinite = facts.nonFinite[digest];
    const broken = facts.unreadable[digest];
    const reason = model === 'candidate' ? 'weights' : 'baseline';
    if (broken !== undefined) {
      return { model, nonFinite: undefined, why: missingBecause(`${reason}_unreadable`, broken) };
    }
    if (nonFinite !== undefined) {
      const sentence = `The weights of the ${model} model are not all finite: ${nonFinite}.`;
      return { model, nonFinite, why: missingBecause(`${reason}_not_finite`, sentence) };
    }
  }
  return undefined;
}

function weightsFound(
  round: Round,
  actualDigest: string,
  facts: WeightsFacts | undefined,
): Evidence['weights'] {
  return {
    kind: 'found',
    value: {
      statedDigest: round.weightsDigest,
      actualDigest,
      nonFinite: facts?.nonFinite[round.weightsDigest],
      distanceFromServed: facts?.distanceFromServed ?? Number.NaN,
      distanceFromOriginal: facts?.distanceFromOriginal ?? Number.NaN,
      changedShare: facts?.changedShare ?? Number.NaN,
    },
  };
}

function hygieneOf(gateSets: readonly KnownLogits[]): Found<HygieneEvidence> {
  const total = (field: 'removed' | 'sharedWithStop') =>
    gateSets.reduce((sum, { about }) => sum + (about?.[field] ?? 0), 0);
  return {
    kind: 'found',
    value: {
      sharedWithStop: total('sharedWithStop'),
      trainedOn: total('removed'),
      excludedOnRequest: gateSets.reduce((sum, { inForce }) => sum + inForce.excluded.length, 0),
      left: gateSets.reduce((sum, { inForce }) => sum + inForce.size, 0),
    },
  };
}

function forgetEvidence(
  seen: SetLogits | undefined,
  { manifest, round }: Candidate,
  roles: ModelRoles,
): Evidence['forget'] {
  if (seen === undefined) return missingBecause('no_forget_set', 'The forget set was not seen.');
  const logits = (digest: string) => seen.logits[digest] ?? new Float32Array(0);
  const target = round.parts[0]?.request?.relabelTo;
  return {
    kind: 'found',
    value: {
      sequence: manifest.sequence,
      mode: modeName(round.mode),
      labels: seen.labels,
      candidate: logits(roles.candidate),
      served: logits(roles.served),
      original: logits(roles.original),
      ...(target === undefined ? {} : { targets: seen.labels.map(() => target) }),
      ...(seen.copies === undefined ? {} : { copies: seen.copies }),
    },
  };
}

function classNamesOf({ classCount, classNames }: ModelRegistration): readonly string[] {
  return Array.from({ length: classCount }, (_, label) => classNames[label] ?? String(label));
}

/** Bytes of all three models by digest; the reason says whose are missing. */
async function readAll(
  roles: ModelRoles,
  { blobs }: LineageStore,
): Promise<Found<Readonly<Record<string, Uint8Array>>>> {
  const found: Record<string, Uint8Array> = {};
  for (const model of ['candidate', 'served', 'original'] as const) {
    const digest = roles[model];
    try {
      found[digest] ??= await blobs.get(digest as Digest);
    } catch (error) {
      const { code, message } = LetheError.from(error);
      if (code !== 'not_found' && code !== 'corrupt') throw error;
      return missingBecause(
        model === 'candidate' ? `weights_${code}` : 'baseline_unreadable',
        message,
      );
    }
  }
  return { kind: 'found', value: found };
}

function missingBecause(reason: string, explanation: string): Missing {
  return { kind: 'missing', reason, explanation };
}
