import { shorten, type Violation } from '@lethe/contracts/errors';
import type { ConfigTable, Setting } from './config-table.ts';

/** `--flag value`, `--flag=value`, `--switch`, `--no-switch`; everything else is a violation. */
export function parseFlags(
  table: ConfigTable,
  argv: readonly string[],
): { flags: Map<string, string>; violations: Violation[] } {
  const byFlag = new Map<string, Setting>();
  for (const setting of Object.values(table)) {
    if (setting.flag !== undefined) byFlag.set(setting.flag, setting);
  }
  const flags = new Map<string, string>();
  const violations: Violation[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string;
    const equals = word.indexOf('=');
    const name = word.slice(2, equals === -1 ? undefined : equals);
    const setting = word.startsWith('--') ? byFlag.get(name) : undefined;
    const negated = word.startsWith('--no-') ? byFlag.get(word.slice(5)) : undefined;
    if (setting === undefined && negated?.type === 'boolean') {
      flags.set(word.slice(5), 'false');
    } else if (setting === undefined) {
      violations.push({
        field: word.startsWith('--') ? `--${name}` : 'arguments',
        value: shorten(word),
        description: 'is not a known option',
        remedy: 'See --help.',
      });
    } else if (equals !== -1) {
      flags.set(name, word.slice(equals + 1));
    } else if (setting.type === 'boolean') {
      flags.set(name, 'true');
    } else {
      at++;
      flags.set(name, argv[at] ?? '');
    }
  }
  return { flags, violations };
}
