/** Measures of what a network still knows: pure functions of arrays, no tensors. */

export { type Augmentation, augmentations, augmentedCopies } from '../images/augmented-copies.ts';
export { accuracy } from './accuracy.ts';
export { type Calls, calibrationChange, calibrationError } from './calibration.ts';
export { classMatchedAccuracy } from './class-matched-accuracy.ts';
export { aucEstimate, bootstrapAuc, classMatchedAuc } from './class-matched-auc.ts';
export { type Answers, classMatchedDifference } from './class-matched-difference.ts';
export { churn, meanKl } from './divergence.ts';
export { losses } from './losses.ts';
export { membershipAuc, type ScoredSamples } from './membership-auc.ts';
export { forgettingReversal, knowledgeErosion, type RoundAccuracies } from './over-rounds.ts';
export { placementShift } from './placement-shift.ts';
export { type Placements, placements, type ScoredByClass } from './placements.ts';
export { type Relearner, relearnTime } from './relearn-time.ts';
export {
  logSoftmax,
  membershipScores,
  type ScoreName,
  type Scores,
  scoreNames,
} from './scores.ts';
export { alphaSpent, lookLevel } from './statistics/alpha-spending.ts';
export { binomialAtLeast, binomialAtMost } from './statistics/binomial.ts';
export { holm } from './statistics/holm.ts';
export { independentDifference } from './statistics/independent-difference.ts';
export {
  type Estimate,
  exactEstimate,
  type Interval,
  normalEstimate,
} from './statistics/interval.ts';
export { normalCdf, normalQuantile } from './statistics/normal.ts';
export { pValueOutside } from './statistics/p-value-outside.ts';
export {
  type Discordance,
  mcNemarExact,
  pairedDifference,
} from './statistics/paired-difference.ts';
export { clopperPearson, exactShare, wilson } from './statistics/share.ts';
export { streisandEstimate, streisandShare } from './streisand-share.ts';
export { type Accuracies, tugOfWar } from './tug-of-war.ts';
export { scaledConfidence, uLiraAccuracy } from './u-lira.ts';
