interface SettingBase {
  /** Environment variable, for example `LETHE_MAX_BATCH`. */
  readonly env: string;
  /** Command-line flag without the dashes; it wins over the environment. */
  readonly flag?: string;
  /** One sentence. */
  readonly help: string;
}

export interface TextSetting extends SettingBase {
  readonly type: 'string';
  /** Without a default the setting is required. */
  readonly default?: string;
  readonly choices?: readonly string[];
}

export interface NumberSetting extends SettingBase {
  readonly type: 'integer' | 'number';
  readonly default?: number;
  readonly unit?: string;
  /** Smallest and largest allowed value. */
  readonly range?: readonly [number, number];
}

export interface SwitchSetting extends SettingBase {
  readonly type: 'boolean';
  readonly default?: boolean;
}

/** Comma-separated. */
export interface ListSetting extends SettingBase {
  readonly type: 'list';
  readonly default?: readonly string[];
}

export type Setting = TextSetting | NumberSetting | SwitchSetting | ListSetting;

/** Everything that can be configured, with defaults, units and ranges: one table per program. */
export type ConfigTable = Readonly<Record<string, Setting>>;

type ValueOf<S extends Setting> = S extends NumberSetting
  ? number
  : S extends SwitchSetting
    ? boolean
    : S extends ListSetting
      ? readonly string[]
      : S extends { readonly choices: readonly (infer Choice)[] }
        ? Choice
        : string;

/** The values of a table: nothing in it is undefined. */
export type ConfigOf<T extends ConfigTable> = {
  readonly [Name in keyof T]: ValueOf<T[Name]>;
};

export function defineConfig<const T extends ConfigTable>(table: T): T {
  return table;
}
