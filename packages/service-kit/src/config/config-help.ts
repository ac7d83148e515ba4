import type { ConfigTable, Setting } from './config-table.ts';

/** Text for `--help`: one paragraph per setting. */
export function configHelp(title: string, table: ConfigTable): string {
  const settings = Object.values(table).map((setting) => {
    const flag = setting.flag === undefined ? '' : `--${setting.flag}, `;
    return `  ${flag}${setting.env} (${describeType(setting)})\n      ${setting.help} ${describeDefault(setting)}`;
  });
  return `${title}\n\nSettings (a flag wins over its environment variable):\n\n${settings.join('\n')}\n`;
}

/** The table as Markdown, for the docs. */
export function configMarkdown(table: ConfigTable): string {
  const rows = Object.values(table).map((setting) => {
    const flag = setting.flag === undefined ? '' : `\`--${setting.flag}\``;
    return `| \`${setting.env}\` | ${flag} | ${describeType(setting)} | ${describeDefault(setting)} | ${setting.help} |`;
  });
  return `| variable | flag | type | default | meaning |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
}

export function wantsHelp(argv: readonly string[]): boolean {
  return argv.includes('--help') || argv.includes('-h');
}

function describeType(setting: Setting): string {
  switch (setting.type) {
    case 'string':
      return setting.choices ? setting.choices.join(', ') : 'text';
    case 'integer':
    case 'number': {
      const range = setting.range ? `, ${setting.range[0]} to ${setting.range[1]}` : '';
      return `${setting.unit ?? setting.type}${range}`;
    }
    case 'boolean':
      return 'true or false';
    case 'list':
      return 'list, separated by commas';
    default:
      return setting satisfies never;
  }
}

function describeDefault(setting: Setting): string {
  if (setting.default === undefined) return 'Required.';
  const text = String(setting.default);
  return text === '' ? 'Default: none.' : `Default: ${text}.`;
}
