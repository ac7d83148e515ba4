import type { LetheError } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { configHelp, configMarkdown } from './config-help.ts';
import { type ConfigOf, defineConfig } from './config-table.ts';
import { type ConfigSources, readConfig } from './read-config.ts';

const table = defineConfig({
  maxBatch: {
    env: 'T_MAX_BATCH',
    flag: 'max-batch',
    type: 'integer',
    default: 64,
    unit: 'samples',
    range: [1, 4096],
    help: 'Samples in one round.',
  },
  rate: { env: 'T_RATE', flag: 'rate', type: 'number', default: 0.5, help: 'A share.' },
  format: {
    env: 'T_FORMAT',
    flag: 'format',
    type: 'string',
    choices: ['json', 'pretty'],
    default: 'json',
    help: 'How.',
  },
  loud: { env: 'T_LOUD', flag: 'loud', type: 'boolean', default: true, help: 'Whether.' },
  peers: { env: 'T_PEERS', type: 'list', default: [], help: 'Who.' },
});

const requiredTable = defineConfig({
  place: { env: 'T_PLACE', flag: 'place', type: 'string', help: 'Where.' },
});

function read(argv: string[] = [], env: ConfigSources['env'] = {}): ConfigOf<typeof table> {
  return readConfig(table, { argv, env });
}

function violations(argv: string[], env: ConfigSources['env'] = {}) {
  try {
    read(argv, env);
  } catch (error) {
    return (error as LetheError).violations;
  }
  return [];
}

describe('readConfig', () => {
  it('takes defaults, then the environment, then flags', () => {
    expect(read()).toEqual({ maxBatch: 64, rate: 0.5, format: 'json', loud: true, peers: [] });
    const env = { T_MAX_BATCH: '8', T_RATE: '', T_PEERS: 'a, b,' };
    expect(read(['--max-batch=9', '--no-loud', '--format', 'pretty'], env)).toEqual({
      maxBatch: 9,
      rate: 0.5,
      format: 'pretty',
      loud: false,
      peers: ['a', 'b'],
    });
  });

  it('tells every problem at once, where it comes from and what is allowed', () => {
    const found = violations(['--max-batch', '0', '--colour', 'red'], {
      T_RATE: 'much',
      T_FORMAT: 'xml',
      T_LOUD: 'maybe',
    });
    expect(found.map(({ field, value }) => [field, value])).toEqual([
      ['--colour', '--colour'],
      ['arguments', 'red'],
      ['--max-batch', '0'],
      ['T_RATE', 'much'],
      ['T_FORMAT', 'xml'],
      ['T_LOUD', 'maybe'],
    ]);
    expect(found[2]?.description).toBe('must be a whole number from 1 to 4096 (samples)');
    expect(found[4]?.remedy).toContain('json, pretty');
  });

  it.each(['1.5', '', ' ', '1e99', 'NaN', '0x'])('takes %j for no whole number', (text) => {
    expect(violations([`--max-batch=${text}`])).toMatchObject([{ field: '--max-batch' }]);
  });

  it('requires what has no default', () => {
    expect(() => readConfig(requiredTable, { argv: [], env: {} })).toThrowError(
      expect.objectContaining({ violations: [expect.objectContaining({ field: 'T_PLACE' })] }),
    );
  });
});

describe('the table as text', () => {
  it('names flag, variable, unit, range and default of each setting', () => {
    const help = configHelp('T.', table);
    expect(help).toContain('--max-batch, T_MAX_BATCH (samples, 1 to 4096)');
    expect(help).toContain('Samples in one round. Default: 64.');
    expect(configHelp('T.', requiredTable)).toContain('Required.');
    expect(configMarkdown(table)).toContain(
      '| `T_MAX_BATCH` | `--max-batch` | samples, 1 to 4096 | Default: 64. | Samples in one round. |',
    );
  });
});
