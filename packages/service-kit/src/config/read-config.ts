import { describeViolation, LetheError, shorten, type Violation } from '@lethe/contracts/errors';
import type { ConfigOf, ConfigTable, Setting } from './config-table.ts';
import { parseFlags } from './parse-flags.ts';

export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly argv: readonly string[];
}

type Parsed =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'problem'; readonly description: string; readonly remedy: string };

/**
 * Values of every setting: from its flag, else its environment variable, else its default.
 *
 * @throws LetheError `invalid` with one violation for every problem, not only the first
 */
export function readConfig<T extends ConfigTable>(table: T, sources: ConfigSources): ConfigOf<T> {
  const { flags, violations } = parseFlags(table, sources.argv);
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(table)) {
    const flagText = setting.flag === undefined ? undefined : flags.get(setting.flag);
    const fromEnv = sources.env[setting.env];
    const text = flagText ?? (fromEnv === '' ? undefined : fromEnv);
    const field = flagText === undefined ? setting.env : `--${setting.flag}`;
    const parsed = text === undefined ? fallback(setting) : parseText(setting, text);
    if (parsed.kind === 'value') values[name] = parsed.value;
    else violations.push(violation(setting, field, text ?? '', parsed));
  }
  if (violations.length > 0) {
    throw new LetheError('invalid', violations.map(describeViolation).join('\n'), { violations });
  }
  return values as ConfigOf<T>;
}

function fallback(setting: Setting): Parsed {
  if (setting.default !== undefined) return { kind: 'value', value: setting.default };
  return problem('is required', `Set ${names(setting)}: ${setting.help}`);
}

function parseText(setting: Setting, text: string): Parsed {
  switch (setting.type) {
    case 'string':
      return parseString(setting, text);
    case 'integer':
    case 'number':
      return parseNumber(setting, text);
    case 'boolean':
      return parseBoolean(text);
    case 'list':
      return value(
        text
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
      );
    default:
      return setting satisfies never;
  }
}

function parseString(setting: Setting & { type: 'string' }, text: string): Parsed {
  if (setting.choices && !setting.choices.includes(text)) {
    return problem('is not one of the choices', `Use one of: ${setting.choices.join(', ')}.`);
  }
  return value(text);
}

function parseNumber(setting: Setting & { type: 'integer' | 'number' }, text: string): Parsed {
  const number = Number(text);
  const [least, most] = setting.range ?? [-Infinity, Infinity];
  const whole = setting.type === 'number' || Number.isSafeInteger(number);
  if (text.trim() !== '' && Number.isFinite(number) && whole && number >= least && number <= most) {
    return value(number);
  }
  const kind = setting.type === 'integer' ? 'a whole number' : 'a number';
  const bounds = setting.range ? ` from ${least} to ${most}` : '';
  return problem(
    `must be ${kind}${bounds}${setting.unit ? ` (${setting.unit})` : ''}`,
    setting.default === undefined ? 'Give one.' : `The default is ${setting.default}.`,
  );
}

function parseBoolean(text: string): Parsed {
  if (['true', '1', 'yes', 'on'].includes(text.toLowerCase())) return value(true);
  if (['false', '0', 'no', 'off'].includes(text.toLowerCase())) return value(false);
  return problem('must be true or false', 'Use true or false.');
}

function value(of: unknown): Parsed {
  return { kind: 'value', value: of };
}

function problem(description: string, remedy: string): Parsed {
  return { kind: 'problem', description, remedy };
}

function violation(
  setting: Setting,
  field: string,
  text: string,
  { description, remedy }: Parsed & { kind: 'problem' },
): Violation {
  return { field: field || setting.env, value: shorten(text), description, remedy };
}

function names(setting: Setting): string {
  return setting.flag === undefined ? setting.env : `--${setting.flag} or ${setting.env}`;
}
