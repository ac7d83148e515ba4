/** Runs in a compute process: one member of an audit's ensembles. Reads the whole training set into memory. */
import type { JobContext } from '@lethe/compute';
import { type DatasetSource, LetheError, type RowRange } from '@lethe/contracts';
import { openDataset, openTrainingManifest, rowsOfRanges, sampleReader } from '@lethe/datasets';
import { decodeModel, logits, type Preprocessing, setWeights, weightsOf } from '@lethe/models';
import { joinSamples, type LabelledSamples, type RoundInput, runRound } from '@lethe/unlearning';
import {
  type Accuracies,
  accuracy,
  classMatchedAuc,
  membershipScores,
  scaledConfidence,
} from '@lethe/unlearning/measures';

export interface AuditSet {
  readonly source: DatasetSource;
  readonly ranges: readonly RowRange[];
}

export interface AuditInput {
  readonly topology: Uint8Array;
  readonly original: Uint8Array;
  readonly served: Uint8Array;
  readonly preprocessing: Preprocessing;
  readonly training: { readonly source: DatasetSource; readonly manifestFile: string };
  /** Rows that each promoted round forgot, oldest round first. */
  readonly rounds: readonly Uint32Array[];
  readonly stop: readonly AuditSet[];
  readonly gate: readonly AuditSet[];
  readonly epochs: number;
  readonly seed: number;
}

export interface Membership {
  readonly served: number;
  readonly original: number;
  readonly shadow: number;
  readonly retrained: number;
}

/** What one member tells. */
export interface AuditMember {
  /** Of the served model; the same for every member. */
  readonly served: Accuracies;
  /** Of the network as it was imported; likewise. */
  readonly original: Accuracies;
  /** Of a network trained on everything by the audit: it should be like the original. */
  readonly shadow: Accuracies;
  /** Of a network that never saw what was forgotten. */
  readonly retrained: Accuracies;
  /** Membership AUC of the loss, forgotten against gate samples, of each network; 0.5 is chance. */
  readonly membership: Membership;
  /** [k] log-odds of the label on each forgotten sample, for the retrained network, … */
  readonly retrainedConfidences: readonly number[];
  /** … for the shadow, … */
  readonly shadowConfidences: readonly number[];
  /** … and for the shadow after it unlearned what was forgotten, round by round. */
  readonly unlearnedConfidences: readonly number[];
}

export interface AuditProgress {
  readonly what: string;
  readonly step: number;
  readonly stepLimit: number;
}

export async function run(
  input: AuditInput,
  { report, signal }: JobContext<AuditProgress>,
): Promise<AuditMember> {
  const classifier = await decodeModel(input.topology, input.original, input.preprocessing);
  try {
    await using training = await openDataset(input.training.source);
    using manifest = openTrainingManifest(input.training.manifestFile);
    const reader = sampleReader(training, manifest);
    const forgotten = [...new Set(input.rounds.flatMap((rows) => [...rows]))];
    const gone = new Set(forgotten);
    const kept = Array.from({ length: manifest.size }, (_, row) => row).filter((r) => !gone.has(r));
    const forget = await reader.read(forgotten);
    const retain = await reader.read(kept);
    const heldOut = await readSets(input.stop);
    const test = await readSets(input.gate);
    const original = weightsOf(input.original, input.topology);
    const network = { ...classifier, isImage: training.isImage };

    const round = async (what: string, changes: Partial<RoundInput>) => {
      const result = await runRound(
        {
          network,
          weights: original,
          originalWeights: original,
          state: undefined,
          forget,
          mode: 'untrain',
          method: 'retrain',
          settings: {},
          heldOut,
          seed: input.seed,
          ...changes,
        },
        {
          onProgress: ({ step, stepLimit }) => report({ what, step, stepLimit }),
          signal,
        },
      );
      if (result.outcome === 'diverged') {
        throw new LetheError('precondition', `${what} diverged; try fewer --epochs`);
      }
      return result;
    };
    const settings = { epochs: input.epochs };
    const retrained = await round('retraining without the forgotten', { retain, settings });
    const shadow = await round('training a shadow on everything', {
      retain: joinSamples([retain, forget]),
      // A round must forget something; the shadow is trained on all of the training data.
      forget: firstOf(test, 8),
      settings,
      seed: input.seed + 1,
    });
    let [weights, state] = [shadow.weights, undefined as Uint8Array | undefined];
    for (const [index, rows] of input.rounds.entries()) {
      const unlearned = await round(`unlearning, round ${index + 1}`, {
        weights,
        originalWeights: shadow.weights,
        state,
        forget: await reader.read(rows),
        method: 'lethe',
      });
      [weights, state] = [unlearned.weights, unlearned.state];
    }

    const outputs = async (at: readonly Float32Array[], samples: LabelledSamples) => {
      setWeights(classifier.model, at);
      return await logits(classifier, samples.values, samples.labels.length, { signal });
    };
    const accuracies = async (at: readonly Float32Array[]): Promise<Accuracies> => {
      const on = async (samples: LabelledSamples) =>
        accuracy(await outputs(at, samples), samples.labels, classifier.classCount);
      return { forget: await on(forget), retain: await on(retain), test: await on(test) };
    };
    const scores = async (at: readonly Float32Array[], samples: LabelledSamples) => {
      const said = await outputs(at, samples);
      return membershipScores(said, samples.labels, classifier.classCount).loss;
    };
    const confidences = async (at: readonly Float32Array[]) =>
      [...(await scores(at, forget))].map(scaledConfidence);
    const membership = async (at: readonly Float32Array[]) =>
      classMatchedAuc(
        { scores: await scores(at, forget), labels: forget.labels },
        { scores: await scores(at, test), labels: test.labels },
      ).value;
    return {
      served: await accuracies(weightsOf(input.served, input.topology)),
      original: await accuracies(original),
      shadow: await accuracies(shadow.weights),
      retrained: await accuracies(retrained.weights),
      membership: {
        served: await membership(weightsOf(input.served, input.topology)),
        original: await membership(original),
        shadow: await membership(shadow.weights),
        retrained: await membership(retrained.weights),
      },
      retrainedConfidences: await confidences(retrained.weights),
      shadowConfidences: await confidences(shadow.weights),
      unlearnedConfidences: await confidences(weights),
    };
  } finally {
    classifier.model.dispose();
  }
}

async function readSets(sets: readonly AuditSet[]): Promise<LabelledSamples> {
  const parts: LabelledSamples[] = [];
  for (const { source, ranges } of sets) {
    await using dataset = await openDataset(source);
    parts.push(await dataset.read(rowsOfRanges([...ranges], dataset.size)));
  }
  return joinSamples(parts);
}

function firstOf({ values, labels }: LabelledSamples, count: number): LabelledSamples {
  const size = values.length / labels.length;
  return { values: values.slice(0, count * size), labels: labels.slice(0, count) };
}
