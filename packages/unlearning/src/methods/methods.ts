import { LetheError } from '@lethe/contracts';
import { finetune } from './finetune/finetune.ts';
import { adv, l2ul, neggrad } from './l2ul/l2ul.ts';
import { lethe } from './lethe/lethe.ts';
import type { Method } from './method.ts';
import { retrain } from './retrain/retrain.ts';
import { ssd } from './ssd/ssd.ts';

/** Every method there is, the default first. */
export const methods: readonly Method[] = [lethe, l2ul, adv, neggrad, ssd, finetune, retrain];

/** @throws LetheError `invalid` for an unknown name */
export function methodNamed(name: string): Method {
  const method = methods.find((candidate) => candidate.name === name);
  if (method !== undefined) return method;
  throw LetheError.invalid(
    'method',
    name,
    'is no unlearning method',
    `Use one of ${methods.map((candidate) => candidate.name).join(', ')}.`,
  );
}
