export { joinSamples } from './join-samples.ts';
export { stateSizeBytes } from './ledger/state-format.ts';
export { accuracy } from './measures/accuracy.ts';
export { classMatchedAccuracy } from './measures/class-matched-accuracy.ts';
export { losses } from './measures/losses.ts';
export { membershipAuc, type ScoredSamples } from './measures/membership-auc.ts';
export { streisandShare } from './measures/streisand-share.ts';
export { methods } from './methods/methods.ts';
export { Random } from './random.ts';
export * from './round.ts';
export { runRound } from './run-round.ts';
export {
  type ChoiceSetting,
  type FlagSetting,
  type NumberSetting,
  rangeOf,
  type Setting,
  type SettingTable,
  type SettingValue,
} from './settings.ts';
