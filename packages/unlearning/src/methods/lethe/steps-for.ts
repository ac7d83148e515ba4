import type { CarriedCurvature } from '../../curvature/carried-curvature.ts';
import { adam } from '../../optimizers/adam.ts';
import { natural } from '../../optimizers/natural.ts';
import type { Optimizer } from '../../optimizers/optimizer.ts';
import type { RoundWork } from '../round-work.ts';
import { forgetCopies } from './forget-copies.ts';
import type { LetheSettings } from './lethe-settings.ts';
import { retainedCurvature } from './retained-curvature.ts';
import { fillRetainBatch, type RetainSource } from './retention.ts';

/** How a round takes its steps. Natural ones need a layer that they know; a network without one gets Adam. */
export async function stepsFor(
  work: RoundWork,
  settings: LetheSettings,
  source: RetainSource,
): Promise<{ readonly optimizer: Optimizer; readonly curvature: CarriedCurvature | undefined }> {
  const { parameterCount } = work.network;
  if (settings.steps === 'adam') return { optimizer: adam(parameterCount), curvature: undefined };
  const { inverse, wayBack, carried } = await retainedCurvature(
    work,
    curvatureSamples(work, source, settings.retainBatch),
    { decay: settings.importanceDecay, wantsWayBack: settings.wayBack === 'closed' },
  );
  if (inverse.length > 0) {
    const optimizer = natural(parameterCount, inverse, { closed: wayBack });
    return { optimizer, curvature: carried };
  }
  wayBack?.dispose();
  return { optimizer: adam(parameterCount), curvature: undefined };
}

/**
 * What curvature is measured on: held-out samples; or copies of the forget set, none of which is
 * mixed or coloured; or, of what is no image, surrogates.
 *
 * @param least samples
 * @returns preprocessed, row-major
 */
function curvatureSamples(
  { network, forget, random }: RoundWork,
  source: RetainSource,
  least: number,
): Float32Array {
  const k = forget.labels.length;
  const chance = random.fork('curvature samples');
  const room = (count: number) => new Float32Array(count * network.sampleSize);
  if (source.proxies !== undefined) {
    const into = room(heldOutBatches * least);
    fillRetainBatch(into, network, { ...source, proxyShare: 1, random: chance });
    return into;
  }
  const into = room(Math.max(k, least));
  const copies = forgetCopies(network.network, forget.values, 1, chance, true);
  if (copies.countOf(1) === 0) fillRetainBatch(into, network, source);
  else
    copies.fill(
      into,
      Int32Array.from({ length: into.length / network.sampleSize }, (_, i) => i % k),
    );
  return into;
}

/** Retain batches of held-out samples that curvature is measured on. */
const heldOutBatches = 4;
