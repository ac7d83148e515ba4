import { affineSample } from '../images/affine-sample.ts';
import { margins } from '../measures/margins.ts';
import type { Random } from '../random.ts';
import type { LabelledSamples, Network } from '../round.ts';

/**
 * How well a network knows samples, and not only their exact pixels: the mean of their margin and
 * of the mean margin of copies that are slightly turned, zoomed and shifted. What is known by heart
 * stands high itself, its copies do not; what would be known unseen stands high in all (decision
 * 0161). Of what is no image, the margin.
 *
 * @param own [n] margins of the samples themselves
 * @param copies of each sample
 * @param logitsOf of samples as read, row-major [n, classes]
 * @returns [n] in logits
 */
export async function steadyMargins(
  { isImage, sampleShape, classCount }: Network,
  { values, labels }: LabelledSamples,
  own: Float32Array,
  { copies, random }: { readonly copies: number; readonly random: Random },
  logitsOf: (values: Float32Array) => Promise<Float32Array>,
): Promise<Float32Array> {
  const [height, width, channels = 1] = sampleShape;
  if (!isImage || height === undefined || width === undefined) return own;
  const shape = { height, width, channels };
  const size = height * width * channels;
  const sums = new Float32Array(labels.length);
  const moved = new Float32Array(values.length);
  for (let copy = 0; copy < copies; copy++) {
    for (let from = 0; from < values.length; from += size) {
      affineSample(values, from, moved, from, shape, {
        scaleX: random.uniform(1 - mostZoom, 1 + mostZoom),
        scaleY: random.uniform(1 - mostZoom, 1 + mostZoom),
        shiftX: (2 * (random.integer(3) - 1)) / width,
        shiftY: (2 * (random.integer(3) - 1)) / height,
        turn: random.uniform(-mostTurn, mostTurn),
      });
    }
    const ofCopies = margins(await logitsOf(moved), labels, classCount);
    for (const [i, margin] of ofCopies.entries()) (sums[i] as number) += margin;
  }
  return own.map((margin, i) => (margin + (sums[i] as number) / copies) / 2);
}

/** In radians. */
const mostTurn = 0.25;
/** Share of the side. */
const mostZoom = 0.1;
