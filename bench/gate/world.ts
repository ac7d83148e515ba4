import { joinSamples, type LabelledSamples, Random } from '@lethe/unlearning';
import { Pictures, slice } from './pictures.ts';
import { freshWeights, train, type Weights } from './small-network.ts';

const steps = 120;
const more = 60;
/** Samples that nobody asks to forget. */
const known = 500;

/** One seed's data and the networks that a lineage of two rounds would know. */
export interface World {
  readonly seed: number;
  readonly retain: LabelledSamples;
  /** What the candidate is to forget. */
  readonly forget: LabelledSamples;
  /** What an earlier round forgot. */
  readonly earlier: LabelledSamples;
  readonly gate: LabelledSamples;
  /** Never shown to the gate: where the truth about accuracy is read. */
  readonly fresh: LabelledSamples;
  readonly spare: LabelledSamples;
  /** Learnt from the retain set alone. */
  readonly neverSaw: Weights;
  /** The same, taught the forget set too: what serves. */
  readonly served: Weights;
  /** The same, taught both: what was imported. */
  readonly original: Weights;
}

export function makeWorld(seed: number, k = 128): World {
  const pictures = new Pictures(1000 + seed);
  const all = pictures.draw(known + 2 * k);
  const [retain, forget, earlier] = [
    slice(all, 0, known),
    slice(all, known, known + k),
    slice(all, known + k, known + 2 * k),
  ];
  const neverSaw = train(freshWeights(new Random(seed).fork('start')), retain, steps);
  return {
    seed,
    retain,
    forget,
    earlier,
    gate: pictures.draw(4000),
    fresh: pictures.draw(12_000),
    spare: pictures.draw(2000),
    neverSaw,
    served: train(neverSaw, joinSamples([retain, forget]), more),
    original: train(neverSaw, joinSamples([retain, forget, earlier]), more),
  };
}

/** A network that starts anew and learns from `samples`. */
export function retrained(world: World, samples: LabelledSamples, label: string): Weights {
  return train(freshWeights(new Random(world.seed).fork(label)), samples, steps + more);
}
