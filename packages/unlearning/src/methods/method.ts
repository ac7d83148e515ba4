import type { Mode } from '../round.ts';
import {
  resolveSettings,
  type Settings,
  type SettingTable,
  type SettingValue,
  type Situation,
} from '../settings.ts';
import type { MethodResult, RoundWork } from './round-work.ts';
import type { sharedSettings } from './shared-settings.ts';

/** A way of unlearning. */
export interface Method {
  readonly name: string;
  readonly modes: readonly Mode[];
  /** It learns on samples that are kept: rounds must come with some. */
  readonly needsRetain: boolean;
  /** It starts from nothing, and is run wherever the served network has the forget samples. */
  readonly startsAnew: boolean;
  readonly settings: SettingTable;
  /** @throws LetheError `invalid` naming an unknown setting or one that is out of range */
  prepare(overrides: Readonly<Record<string, SettingValue>>, situation: Situation): PreparedMethod;
}

/** A method with its settings filled in. */
export interface PreparedMethod {
  readonly settings: Readonly<Record<string, SettingValue>> &
    Pick<Settings<typeof sharedSettings>, keyof typeof sharedSettings>;
  run(work: RoundWork): Promise<MethodResult>;
}

/** Ties a method's loop to its table, so that the loop sees its settings with their types. */
export function defineMethod<Table extends SettingTable & typeof sharedSettings>(definition: {
  readonly name: string;
  readonly modes: readonly Mode[];
  readonly needsRetain?: boolean;
  readonly startsAnew?: boolean;
  readonly settings: Table;
  readonly run: (work: RoundWork, settings: Settings<Table>) => Promise<MethodResult>;
}): Method {
  const { name, modes, needsRetain = false, startsAnew = false, settings: table, run } = definition;
  return {
    name,
    modes,
    needsRetain,
    startsAnew,
    settings: table,
    prepare(overrides, situation) {
      const settings = resolveSettings(name, table, overrides, situation);
      return {
        settings: settings as PreparedMethod['settings'],
        run: (work) => run(work, settings),
      };
    },
  };
}
