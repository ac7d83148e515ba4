import { modeNames } from '@lethe/contracts';
import { stringify } from 'yaml';
import { metricOf, metricsOf } from './metrics.ts';
import type { Policy } from './policy.ts';
import { topKeys } from './policy-keys.ts';

/** The policy as YAML, every value written out: reading it gives the same policy again. */
export function writePolicy(policy: Policy): string {
  const top = Object.fromEntries(
    Object.entries(topKeys).map(([key, { field }]) => [key, policy[field as keyof Policy]]),
  );
  const modes = Object.fromEntries(
    modeNames.map((mode) => [
      mode,
      Object.fromEntries(
        metricsOf(mode).map((metric) => {
          const rule = policy.modes[mode][metric];
          if (rule === undefined) return [metric, 'off'];
          return [
            metric,
            {
              low: rule.low,
              high: rule.high,
              min_samples: rule.minSamples,
              interval: metricOf(metric).interval,
              when_inconclusive: rule.whenInconclusive,
              when_failed: rule.whenFailed,
            },
          ];
        }),
      ),
    ]),
  );
  return stringify({ ...top, slices: policy.slices, modes });
}
