import {
  type Digest,
  LetheError,
  type ModelRegistration,
  modeName,
  type Round,
} from '@lethe/contracts';
import type { Policy } from '@lethe/gate';
import type { EarlierSet } from './earlier-sets.ts';
import type { Candidate, EvidenceDeps } from './gather-evidence.ts';
import type { EvaluateInput } from './jobs/evaluate-job.ts';
import type { ModelRoles } from './jobs/open-models.ts';
import type { KnownLogits, RowChoice } from './known-logits.ts';

/** Name of the forget set in the job; no evaluation set is called so. */
export const forgetSet = ':forget';

/** What a judgement is to rest on. */
interface Wanted {
  readonly roles: ModelRoles;
  readonly gateSets: readonly KnownLogits[];
  readonly earlier: readonly EarlierSet[];
  readonly choice: RowChoice;
}

/** What the compute process is asked: only what is not known yet. */
export async function evaluateInput(
  { registration, round }: Candidate,
  policy: Policy,
  { roles, gateSets, earlier, choice }: Wanted,
  { lineages, held }: EvidenceDeps,
): Promise<Omit<EvaluateInput, 'weights'>> {
  const all = [...new Set(Object.values(roles))];
  const manifestFile = await lineages.blobs.file(registration.trainingManifestDigest as Digest);
  const rules = policy.modes[modeName(round.mode)];
  const residual =
    rules['residual_knowledge.mirrored'] !== undefined ||
    rules['residual_knowledge.shifted'] !== undefined;
  const stopSets = registration.evaluationSets.flatMap(({ role, source, ranges }) =>
    role === 'stop' && source !== undefined ? [{ source, ranges }] : [],
  );
  const sets = gateSets.flatMap((gate) => {
    const models = gate.missing(all);
    const { set, size, excluded } = gate.inForce;
    const { name, source, ranges, digest } = set;
    if (models.length === 0 && !residual) return [];
    if (source === undefined) throw unregistered(`the source of evaluation set ${name}`);
    const { limit } = choice;
    const samples = {
      kind: 'evaluation-set',
      source,
      ranges,
      digest,
      manifestFile,
      excluded,
      stopSets,
      limit,
    } as const;
    return [{ name, samples, models, copies: residual ? copiesOf(size) : 0, keepValues: false }];
  });
  const ofEarlier = earlier.flatMap((set) => {
    const models = set.missing();
    if (models.length === 0) return [];
    const samples = { kind: 'held', ...set.samples, shape: registration.sampleShape } as const;
    return [{ name: set.name, samples, models, copies: 0, keepValues: false }];
  });
  if (registration.trainingData === undefined) throw unregistered('its training data');
  const rows = rowsOf(round);
  const forget = {
    name: forgetSet,
    samples: { kind: 'training-rows', source: registration.trainingData, manifestFile, rows },
    models: all,
    copies: residual ? rows.length : 0,
    keepValues: held.enabled,
  } as const;
  return {
    topology: await lineages.blobs.get(registration.topologyDigest as Digest),
    preprocessing: registration.preprocessing ?? { scale: 1, mean: [0], std: [1] },
    roles,
    sets: [forget, ...sets, ...ofEarlier],
  };
}

/** Estimate of the memory of an evaluation: weights here, in the process and as tensors, and logits here and there. */
export function bytesNeeded(
  weights: Readonly<Record<string, Uint8Array>>,
  { sets }: Pick<EvaluateInput, 'sets'>,
  { classCount, evaluationSets }: ModelRegistration,
): number {
  const ofWeights = Object.values(weights).reduce((sum, { length }) => sum + 4 * length, 0);
  const sizes = new Map(evaluationSets.map(({ name, size }) => [name, size]));
  const ofLogits = sets.reduce(
    (sum, { name, models }) => sum + 8 * (sizes.get(name) ?? 0) * classCount * models.length,
    0,
  );
  return ofWeights + ofLogits;
}

/** A tenth of the set, enough for an AUC: copies of all would double the forward passes. */
function copiesOf(size: number): number {
  return Math.min(size, Math.max(500, Math.ceil(size / 10)));
}

/** Rows that the round served, each once, ascending. */
function rowsOf({ parts }: Round): Uint32Array {
  return Uint32Array.from(new Set(parts.flatMap(({ rows }) => rows))).sort();
}

function unregistered(what: string): LetheError {
  return new LetheError(
    'precondition',
    `the registration of the model does not name ${what}; import it again`,
  );
}
