import { type DeletionRequested, Mode } from '@lethe/contracts';

/**
 * The mode of the rounds that serve a request. A network that never saw any sample of a class
 * recognises none of it: to untrain a whole class is to lose it, as in `misclassify`.
 */
export function roundModeOf({ mode, scope }: Pick<DeletionRequested, 'mode' | 'scope'>): Mode {
  const loses = mode === Mode.MODE_UNTRAIN && scope?.$case === 'classLabel';
  return loses ? Mode.MODE_MISCLASSIFY : mode;
}
