import { createHash } from 'node:crypto';
import type { DeletionRequested } from '@lethe/contracts';

/**
 * Names what a request wants: emitter, goal and samples. Two requests with one scope want the same
 * for the same emitter. 22 characters.
 */
export function scopeOfRequest(request: DeletionRequested): string {
  const { emitter, mode, relabelTo, scope } = request;
  const hash = createHash('sha256').update(`${emitter}\n${mode}\n${relabelTo ?? ''}\n`);
  switch (scope?.$case) {
    case 'classLabel':
      hash.update(`class ${scope.value}`);
      break;
    case 'rows':
      hash.update(Uint32Array.from(scope.value.rows));
      break;
    case undefined:
      hash.update('nothing');
      break;
    default:
      scope satisfies never;
  }
  return hash.digest('base64url').slice(0, 22);
}

/** Labels of the classes that requests name as a whole, each once, ascending. */
export function wholeClassesOf(
  requests: readonly (Pick<DeletionRequested, 'scope'> | undefined)[],
): readonly number[] {
  const labels = requests.flatMap((request) =>
    request?.scope?.$case === 'classLabel' ? [request.scope.value] : [],
  );
  return [...new Set(labels)].sort((a, b) => a - b);
}

/** How many samples a request names; `undefined` where an older version did not say it of a class. */
export function sampleCountOf({
  scope,
  sampleCount,
}: Pick<DeletionRequested, 'scope' | 'sampleCount'>): number | undefined {
  if (scope?.$case === 'rows') return scope.value.rows.length;
  return sampleCount === 0 ? undefined : sampleCount;
}
