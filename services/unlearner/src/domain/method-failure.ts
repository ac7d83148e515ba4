import type { LetheError } from '@lethe/contracts';

/**
 * Is it the rung that cannot work, so that the next one of the ladder should be tried? So it is
 * with settings, a mode or samples that the method refuses. Anything else is trouble that another
 * method would meet too and that is waited out: a state that is damaged, of another network or
 * of a newer release, weights that do not fit, a process that fails.
 */
export function isMethodFailure({ code, violations }: LetheError): boolean {
  const ofStoredModel = /^(weights|originalWeights)\b/;
  return code === 'invalid' && !violations.some(({ field }) => ofStoredModel.test(field));
}
