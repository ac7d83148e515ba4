import { exactShare } from '@lethe/unlearning/measures';
import type { Evidence } from '../evidence/evidence.ts';
import type { Policy } from '../policy/policy.ts';
import { type Finding, ruleOf, unmeasured } from './finding.ts';
import type { HeldOutView } from './held-out-view.ts';

/**
 * Has the network lost the classes that requests name as a whole, beyond the samples that it was
 * shown? Asked of unseen samples. A class that an earlier round took away is held against the
 * served model: it must not come back.
 */
export function lostClassFindings(
  view: HeldOutView,
  { mode, classNames, forgottenClasses }: Evidence,
  policy: Policy,
): readonly Finding[] {
  return [...forgottenClasses].flatMap(([label, by]): readonly Finding[] => {
    if (by === 'given again') return [];
    const own = by === 'this round';
    const metric = own ? 'lost_class.recognised' : 'lost_class.came_back';
    const rule = ruleOf(policy, mode, metric);
    if (rule === undefined) return [];
    const name = `${metric}.${label}`;
    const className = `class ${classNames[label] ?? label}`;
    const rows = view.rowsWhere((row) => view.labels[row] === label);
    const sampleCount = rows.length;
    if (sampleCount === 0) {
      const sentence = `No held-out sample is left of ${className}, so nothing tells whether it is lost.`;
      return [unmeasured(name, { metric, rule }, 'no_held_out', sentence, true)];
    }
    const measured = { kind: 'measured', name, metric, rule, sampleCount } as const;
    if (own) {
      const what = `Share of unseen samples of ${className} still given that label`;
      const recognised = rows.filter((row) => view.predictions.candidate[row] === label).length;
      return [{ ...measured, what, estimate: exactShare(recognised, sampleCount) }];
    }
    const { estimate, observed, reference } = view.accuracies(rows, 'served');
    const what = `Share of unseen samples of ${className}, lost earlier, given that label against the served model`;
    return [{ ...measured, what, estimate: estimate(), observed, reference }];
  });
}
