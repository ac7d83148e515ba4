import { LetheError, Mode } from '@lethe/contracts';
import type { Mode as EngineMode } from '@lethe/unlearning';

/** The mode as the numerics name it. @throws LetheError `invalid` where none is stated */
export function modeName(mode: Mode): EngineMode {
  switch (mode) {
    case Mode.MODE_UNTRAIN:
      return 'untrain';
    case Mode.MODE_MISCLASSIFY:
      return 'misclassify';
    case Mode.MODE_RELABEL:
      return 'relabel';
    case Mode.MODE_UNSPECIFIED:
      throw LetheError.invalid('mode', mode, 'is not stated', 'Give a mode with the request.');
    default:
      return mode satisfies never;
  }
}
