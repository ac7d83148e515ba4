export { checkOf, inconclusive } from './checks/finding.ts';
export * from './evidence/evidence.ts';
export { predictionsOf } from './evidence/predictions.ts';
export { formatFigure, percent } from './figures.ts';
export { type IntervalFigure, intervalRange } from './interval-range.ts';
export { type Judgement, judge, worstOutcome } from './judge.ts';
export { defaultPolicy } from './policy/default-policy.ts';
export { diffPolicies, explainMode, explainPolicy } from './policy/explain-policy.ts';
export {
  type Metric,
  type MetricName,
  metricNames,
  metricOf,
  metricsOf,
} from './policy/metrics.ts';
export {
  type Effect,
  type Policy,
  policyDigest,
  type Rule,
  type Rules,
  type Slice,
} from './policy/policy.ts';
export { policySchema } from './policy/policy-schema.ts';
export { readPolicy } from './policy/read-policy.ts';
export { writePolicy } from './policy/write-policy.ts';
