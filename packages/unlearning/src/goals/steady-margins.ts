import { affineSample } from '../images/affine-sample.ts';
import { margins } from '../measures/margins.ts';
import type { Random } from '../random.ts';
import type { LabelledSamples, Network } from '../round.ts';

/** Margins of samples under one network, in logits. */
export interface MarginsWithCopies {
  /** [n] */
  readonly own: Float32Array;
  /** Of copies of each that are slightly turned, zoomed and shifted, [n] each; none of what is no image. */
  readonly copies: readonly Float32Array[];
}

/**
 * @param own [n]
 * @param copies how many of each sample
 * @param logitsOf of samples as read, row-major [n, classes]
 */
export async function marginsWithCopies(
  { isImage, sampleShape, classCount }: Network,
  { values, labels }: LabelledSamples,
  own: Float32Array,
  { copies: count, random }: { readonly copies: number; readonly random: Random },
  logitsOf: (values: Float32Array) => Promise<Float32Array>,
): Promise<MarginsWithCopies> {
  const [height, width, channels = 1] = sampleShape;
  if (!isImage || height === undefined || width === undefined) return { own, copies: [] };
  const shape = { height, width, channels };
  const size = height * width * channels;
  const copies: Float32Array[] = [];
  const moved = new Float32Array(values.length);
  for (let copy = 0; copy < count; copy++) {
    for (let from = 0; from < values.length; from += size) {
      affineSample(values, from, moved, from, shape, {
        scaleX: random.uniform(1 - mostZoom, 1 + mostZoom),
        scaleY: random.uniform(1 - mostZoom, 1 + mostZoom),
        shiftX: (2 * (random.integer(3) - 1)) / width,
        shiftY: (2 * (random.integer(3) - 1)) / height,
        turn: random.uniform(-mostTurn, mostTurn),
      });
    }
    copies.push(margins(await logitsOf(moved), labels, classCount));
  }
  return { own, copies };
}

/**
 * How well a network knows samples, and not only their exact pixels: their margins, and those of
 * copies by the share that `copyShare` gives them.
 *
 * @returns [n] in logits
 */
export function steadyMargins({ own, copies }: MarginsWithCopies, share: number): Float32Array {
  if (copies.length === 0) return own;
  return own.map((margin, i) => {
    const ofCopies = copies.reduce((sum, copy) => sum + (copy[i] as number), 0) / copies.length;
    return (1 - share) * margin + share * ofCopies;
  });
}

/**
 * How far copies of forgotten samples tell better than these themselves how a network would know
 * them unseen (decision 0171). Both tell it with an error, v_m of the margin, which is what is known
 * by heart, and v_c of a copy's, in parts of the variance of what is told. What is unseen has no v_m:
 * the squared correlation of margins with those of copies is ρ_u² = 1 / (1 + v_c) there and
 * ρ_f² = ρ_u² / (1 + v_m) of forgotten samples. Each weighs inversely to its error:
 *   share = v_m / (v_m + v_c).
 * Nothing is known by heart where forgotten samples correlate as unseen ones do; copies then say
 * nothing that the margin itself does not say better.
 *
 * @returns 0 to 1; ½ where there are too few samples to tell
 */
export function copyShare(forgotten: MarginsWithCopies, unseen: MarginsWithCopies): number {
  if (forgotten.own.length < fewestToTell || unseen.own.length < fewestToTell) return 0.5;
  const ofUnseen = meanSquaredCorrelation(unseen);
  const ofForgotten = Math.min(meanSquaredCorrelation(forgotten), ofUnseen);
  // Both errors times ρ_u² ρ_f², so that neither is infinite.
  const byHeart = ofUnseen * (ofUnseen - ofForgotten);
  const byCopying = ofForgotten * (1 - ofUnseen);
  return byHeart === 0 ? 0 : byHeart / (byHeart + byCopying);
}

/** Two samples always correlate. */
const fewestToTell = 3;

/** Mean over copies; 0 for one that does not correlate, or against the margin. */
function meanSquaredCorrelation({ own, copies }: MarginsWithCopies): number {
  const squares = copies.map((copy) => Math.max(0, correlation(own, copy) || 0) ** 2);
  return squares.reduce((sum, square) => sum + square, 0) / Math.max(1, squares.length);
}

/** Pearson's; NaN where one does not vary. */
function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (values: Float32Array) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, ofA, ofB] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    const [x, y] = [value - meanA, (b[i] as number) - meanB];
    both += x * y;
    ofA += x * x;
    ofB += y * y;
  }
  return both / Math.sqrt(ofA * ofB);
}

/** In radians. */
const mostTurn = 0.25;
/** Share of the side. */
const mostZoom = 0.1;
