/**
 * U-LiRA (Hayes et al., "Inexact unlearning needs more careful evaluations", 2024; after LiRA,
 * Carlini et al. 2022): can an attacker with shadow models tell whether a model unlearned a sample
 * or never saw it?
 *
 * For each model in turn and each sample, the others of both kinds give two normal distributions of
 * the logit-scaled confidence; the likelier one is the guess. One variance for both kinds and all
 * samples, as LiRA advises for few shadow models. Either mean is of as many models, one less than
 * there are: a mean of more lies nearer by chance.
 *
 * @param unlearned per model the [k] scaled confidences of the same forgotten samples, at least two models
 * @param retrained the same for as many models that never saw them
 * @returns share of right guesses; 0.5 is chance. NaN with fewer than two models of a kind
 */
export function uLiraAccuracy(
  unlearned: readonly ArrayLike<number>[],
  retrained: readonly ArrayLike<number>[],
): number {
  const k = unlearned[0]?.length ?? 0;
  if (unlearned.length < 2 || retrained.length < 2 || k === 0) return Number.NaN;
  let right = 0;
  for (const [kind, models] of [unlearned, retrained].entries()) {
    const others = kind === 0 ? retrained : unlearned;
    for (const [index, model] of models.entries()) {
      const withoutThat = (all: readonly ArrayLike<number>[]) =>
        all.filter((_, other) => other !== index);
      const [own, asMany] = [withoutThat(models), withoutThat(others)];
      for (let sample = 0; sample < k; sample++) {
        const value = model[sample] as number;
        // With one variance the likelier normal is the one with the nearer mean.
        const near = Math.abs(value - meanOf(own, sample));
        const far = Math.abs(value - meanOf(asMany, sample));
        right += near < far ? 1 : near === far ? 0.5 : 0;
      }
    }
  }
  return right / (k * (unlearned.length + retrained.length));
}

/** log(p / (1 − p)) of the label's probability, from log p, finite for every p. */
export function scaledConfidence(logP: number): number {
  const log = Math.min(logP, -Number.EPSILON);
  return log - Math.log(-Math.expm1(log));
}

function meanOf(models: readonly ArrayLike<number>[], sample: number): number {
  return models.reduce((sum, model) => sum + (model[sample] as number), 0) / models.length;
}
