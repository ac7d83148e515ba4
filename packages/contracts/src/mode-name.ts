import { LetheError } from './errors.ts';
import { Mode } from './gen/lethe/v1/request.ts';

/** Goals of forgetting, as policies, settings and the numerics name them. */
export const modeNames = ['untrain', 'misclassify', 'relabel'] as const;
export type ModeName = (typeof modeNames)[number];

/**
 * The name of the mode that a record states.
 *
 * @throws LetheError `corrupt` where it states none: intake fills in the model's default
 */
export function modeName(mode: Mode): ModeName {
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
