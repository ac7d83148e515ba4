import type { Copies, Evidence, ForgetEvidence, HeldOutEvidence } from '@lethe/gate';
import type { LabelledSamples } from '@lethe/unlearning';
import { augmentedCopies } from '@lethe/unlearning/measures';
import { classNames, side, slice } from './pictures.ts';
import { logitsOf, type Weights } from './small-network.ts';
import type { World } from './world.ts';

/** What an evaluator would gather about a candidate with these weights. */
export function evidenceOf(
  world: World,
  candidate: Weights,
  baselines: { readonly served: Weights; readonly original: Weights } = world,
): Evidence {
  const models = { candidate, served: baselines.served, original: baselines.original };
  const views = ({ values, labels }: LabelledSamples) => ({
    labels,
    candidate: logitsOf(models.candidate, values),
    served: knownLogits(models.served, values),
    original: knownLogits(models.original, values),
  });
  const heldOut: HeldOutEvidence = {
    ...views(world.gate),
    parts: [{ set: 'gate', rows: Uint32Array.from(world.gate.labels.keys()) }],
    copies: copiesOf(candidate, slice(world.gate, 0, 600)),
  };
  const forget: ForgetEvidence = {
    ...views(world.forget),
    sequence: 2,
    mode: 'untrain',
    copies: copiesOf(candidate, world.forget),
  };
  const earlier: ForgetEvidence = { ...views(world.earlier), sequence: 1, mode: 'untrain' };
  const version = { sequence: 1, weightsDigest: 'served' };
  const found = <T>(value: T) => ({ kind: 'found', value }) as const;
  return {
    mode: 'untrain',
    classNames,
    forgottenClasses: new Map(),
    alreadyForgotten: false,
    parent: version,
    served: version,
    weights: found({
      statedDigest: 'candidate',
      actualDigest: 'candidate',
      nonFinite: candidate.some((array) => !array.every(Number.isFinite))
        ? 'a weight is NaN'
        : undefined,
      distanceFromServed: distance(candidate, models.served),
      distanceFromOriginal: distance(candidate, models.original),
      changedShare: changedShare(candidate, models.served),
    }),
    hygiene: found({
      sharedWithStop: 0,
      trainedOn: 0,
      excludedOnRequest: 0,
      left: heldOut.labels.length,
    }),
    heldOut: found(heldOut),
    forget: found(forget),
    earlier: found([earlier]),
  };
}

const known = new WeakMap<Weights, Map<Float32Array, Float32Array>>();

/** Baselines are run once, as the evaluator does. */
function knownLogits(weights: Weights, values: Float32Array): Float32Array {
  const ofWeights = known.get(weights) ?? new Map<Float32Array, Float32Array>();
  known.set(weights, ofWeights);
  const found = ofWeights.get(values) ?? logitsOf(weights, values);
  ofWeights.set(values, found);
  return found;
}

function copiesOf(candidate: Weights, { values, labels }: LabelledSamples): Copies {
  const copies = (kind: 'mirrored' | 'shifted') =>
    logitsOf(candidate, augmentedCopies(values, [side, side, 1], kind));
  return { labels, candidate: { mirrored: copies('mirrored'), shifted: copies('shifted') } };
}

function distance(a: Weights, b: Weights): number {
  let [squares, length] = [0, 0];
  for (const [i, array] of a.entries()) {
    for (const [j, value] of array.entries()) {
      const other = b[i]?.[j] ?? Number.NaN;
      squares += (value - other) ** 2;
      length += other ** 2;
    }
  }
  return Math.sqrt(squares / length);
}

function changedShare(a: Weights, b: Weights): number {
  let [changed, count] = [0, 0];
  for (const [i, array] of a.entries()) {
    count += array.length;
    changed += array.reduce((sum, value, j) => sum + (value === b[i]?.[j] ? 0 : 1), 0);
  }
  return changed / count;
}
