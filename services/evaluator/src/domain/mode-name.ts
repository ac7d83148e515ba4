import { LetheError, Mode } from '@lethe/contracts';
import type { ModeName } from '@lethe/gate';

/** The mode as the policy names it. @throws LetheError `corrupt` where a record states none */
export function modeNameOf(mode: Mode): ModeName {
  switch (mode) {
    case Mode.MODE_UNTRAIN:
      return 'untrain';
    case Mode.MODE_MISCLASSIFY:
      return 'misclassify';
    case Mode.MODE_RELABEL:
      return 'relabel';
    case Mode.MODE_UNSPECIFIED:
      throw new LetheError('corrupt', 'the round does not state its mode');
    default:
      return mode satisfies never;
  }
}
