import { parseArgs } from 'node:util';
import { type BackendPreference, backendPreferences } from '@lethe/compute';
import { LetheError } from '@lethe/contracts';
import { type Mode, methods, type SettingValue } from '@lethe/unlearning';

export interface BenchArguments {
  readonly method: string;
  readonly mode: Mode;
  readonly k: number;
  readonly rounds: number;
  readonly seed: number;
  readonly dataDir: string;
  readonly backend: BackendPreference;
  /** Training images that stay, for methods that learn on some. */
  readonly retain: number;
  /** Held-out images are given without need, in misclassify and relabel too. */
  readonly proxies: boolean;
  readonly json: boolean;
  readonly settings: Readonly<Record<string, SettingValue>>;
}

export const methodNames = methods.map(({ name }) => name);

export const usage = `Usage: npm run bench:unlearn -- [options]
Measures unlearning on CIFAR-10 with the pre-trained ResNet-20.

  --method M      ${methodNames.join(', ')} (default lethe)
  --mode MODE     untrain, misclassify, relabel (default untrain)
  --k K           training images to forget in each round (default 64)
  --rounds R      successive rounds of K images each, nothing kept between them (default 1)
  --seed S        which images, and every random choice (default 0)
  --data-dir DIR  folder with cifar-10-batches-bin/ and weights/ (default LETHE_DATA_DIR or ../shared/data)
  --backend B     ${backendPreferences.join(', ')} (default auto)
  --retain N      training images that stay, for finetune and retrain (default 5000)
  --proxies       1,000 unlabelled held-out images may be used in misclassify and relabel too
  --max-steps N   most steps of a round, for methods that have such a setting
  --set NAME=V    overrides a setting of the method; may be repeated
  --json          ends with one line of JSON`;

/** @throws LetheError `invalid`, or TypeError for an unknown option or one without a value */
export function parseBenchArguments(argv: readonly string[]): BenchArguments | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      method: { type: 'string', default: 'lethe' },
      mode: { type: 'string', default: 'untrain' },
      k: { type: 'string', default: '64' },
      rounds: { type: 'string', default: '1' },
      seed: { type: 'string', default: '0' },
      'data-dir': { type: 'string', default: process.env['LETHE_DATA_DIR'] ?? '../shared/data' },
      backend: { type: 'string', default: 'auto' },
      retain: { type: 'string', default: '5000' },
      proxies: { type: 'boolean', default: false },
      'max-steps': { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const settings = Object.fromEntries(values.set.map(parseOverride));
  const limit = values['max-steps'];
  if (limit !== undefined) {
    settings[stepLimitOf(values.method)] = wholeNumber('max-steps', limit, 1);
  }
  return {
    method: oneOf('method', values.method, methodNames),
    mode: oneOf('mode', values.mode, ['untrain', 'misclassify', 'relabel']),
    k: wholeNumber('k', values.k, 1),
    rounds: wholeNumber('rounds', values.rounds, 1),
    seed: wholeNumber('seed', values.seed, 0),
    dataDir: values['data-dir'],
    backend: oneOf('backend', values.backend, backendPreferences),
    retain: wholeNumber('retain', values.retain, 1),
    proxies: values.proxies,
    json: values.json,
    settings,
  };
}

/** What the setting is called that says how many steps a round may take. */
export function stepLimitOf(method: string): string {
  return method === 'lethe' ? 'stepLimit' : 'maxSteps';
}

export function parseOverride(text: string): [string, SettingValue] {
  const [name = '', value = ''] = text.split('=', 2);
  if (value === 'true' || value === 'false') return [name, value === 'true'];
  return [name, value !== '' && Number.isFinite(Number(value)) ? Number(value) : value];
}

export function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw LetheError.invalid(`--${name}`, text, `is no whole number from ${least}`, 'Give one.');
}

export function oneOf<Choice extends string>(
  name: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((candidate) => candidate === text);
  if (choice !== undefined) return choice;
  throw LetheError.invalid(`--${name}`, text, 'is unknown', `Use one of ${choices.join(', ')}.`);
}
