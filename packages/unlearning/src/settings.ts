import { LetheError } from '@lethe/contracts';
import type { Mode } from './round.ts';

/** What a default may depend on. */
export interface Situation {
  readonly mode: Mode;
  /** Samples to forget in this round. */
  readonly k: number;
  /** The round comes with held-out samples. */
  readonly heldOut: boolean;
  /** It makes the network lose a class as a whole. */
  readonly wholeClass: boolean;
}

type Default<Value> = Value | ((situation: Situation) => Value);

export interface NumberSetting {
  readonly kind: 'number';
  readonly default: Default<number>;
  /** How a default that depends on the round is computed, for the docs. */
  readonly defaultText?: string;
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
  readonly unit: string;
  readonly doc: string;
}

export interface ChoiceSetting {
  readonly kind: 'choice';
  readonly default: Default<string>;
  readonly defaultText?: string;
  readonly choices: readonly string[];
  readonly doc: string;
}

export interface FlagSetting {
  readonly kind: 'flag';
  readonly default: Default<boolean>;
  readonly defaultText?: string;
  readonly doc: string;
}

export type Setting = NumberSetting | ChoiceSetting | FlagSetting;
export type SettingTable = Readonly<Record<string, Setting>>;
export type SettingValue = number | boolean | string;

/** The values of a table's settings, each with its own type. */
export type Settings<Table extends SettingTable> = {
  readonly [Name in keyof Table]: Table[Name] extends NumberSetting
    ? number
    : Table[Name] extends FlagSetting
      ? boolean
      : string;
};

/**
 * Defaults of a method with the caller's overrides on top.
 *
 * @throws LetheError `invalid` naming an unknown setting or one that is out of range
 */
export function resolveSettings<Table extends SettingTable>(
  method: string,
  table: Table,
  overrides: Readonly<Record<string, SettingValue>>,
  situation: Situation,
): Settings<Table> {
  for (const [name, value] of Object.entries(overrides)) {
    if (!Object.hasOwn(table, name)) {
      throw LetheError.invalid(
        `settings.${name}`,
        value,
        `is no setting of the method ${method}`,
        `Use some of ${Object.keys(table).join(', ')}.`,
      );
    }
  }
  const resolved = Object.entries(table).map(([name, setting]) => {
    const override = overrides[name];
    if (override === undefined) return [name, defaultOf(setting, situation)];
    return [name, checked(`settings.${name}`, setting, override)];
  });
  return Object.fromEntries(resolved) as Settings<Table>;
}

function defaultOf(setting: Setting, situation: Situation): SettingValue {
  return typeof setting.default === 'function' ? setting.default(situation) : setting.default;
}

function checked(field: string, setting: Setting, value: SettingValue): SettingValue {
  const fits = fitsSetting(setting, value);
  if (fits) return value;
  throw LetheError.invalid(field, value, 'is not allowed', `Use ${rangeOf(setting)}.`);
}

function fitsSetting(setting: Setting, value: SettingValue): boolean {
  switch (setting.kind) {
    case 'flag':
      return typeof value === 'boolean';
    case 'choice':
      return typeof value === 'string' && setting.choices.includes(value);
    case 'number':
      return (
        typeof value === 'number' &&
        value >= setting.min &&
        value <= setting.max &&
        (setting.whole !== true || Number.isInteger(value))
      );
    default:
      return setting satisfies never;
  }
}

/** What may be given, in words. */
export function rangeOf(setting: Setting): string {
  switch (setting.kind) {
    case 'flag':
      return 'true or false';
    case 'choice':
      return `one of ${setting.choices.join(', ')}`;
    case 'number':
      return `${setting.whole === true ? 'a whole number' : 'a number'} from ${setting.min} to ${setting.max}${setting.unit === '' ? '' : ` (${setting.unit})`}`;
    default:
      return setting satisfies never;
  }
}
