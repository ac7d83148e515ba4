import { type ConfigOf, type ConfigTable, readConfig } from '@lethe/service-kit/config';
import { type Command, Option } from 'commander';

/** Adds the settings of a table as options: the same names, variables and defaults as the services'. */
export function addConfigOptions(command: Command, table: ConfigTable): void {
  for (const { flag, help, type, env } of Object.values(table)) {
    if (flag === undefined) continue;
    const value = type === 'boolean' ? '' : ' <value>';
    command.addOption(new Option(`--${flag}${value}`, `${help} (env: ${env})`));
  }
}

/** The settings of `table` from a command's options, else the environment, else their defaults. */
export function readConfigOptions<T extends ConfigTable>(
  table: T,
  options: Readonly<Record<string, unknown>>,
): ConfigOf<T> {
  const argv = Object.values(table).flatMap(({ flag }) => {
    const value = flag === undefined ? undefined : options[camelCase(flag)];
    return value === undefined ? [] : [`--${flag}=${value}`];
  });
  return readConfig(table, { env: process.env, argv });
}

function camelCase(flag: string): string {
  return flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
