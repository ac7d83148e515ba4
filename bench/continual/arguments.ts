import { parseArgs } from 'node:util';
import { type BackendPreference, backendPreferences } from '@lethe/compute';
import { type Mode, methods, type SettingValue } from '@lethe/unlearning';
import { oneOf, parseOverride, wholeNumber } from '../unlearning/arguments.ts';
import { type Phase, parsePhase } from './plan.ts';

export interface ContinualArguments {
  /** CIFAR-10 with the pre-trained ResNet-20, or MNIST with a small network trained on the spot. */
  readonly data: 'cifar-10' | 'mnist';
  readonly method: string;
  readonly mode: Mode;
  readonly phases: readonly Phase[];
  readonly order: number;
  readonly seed: number;
  readonly proxies: boolean;
  readonly look: number;
  readonly lookEvery: number;
  readonly dataDir: string;
  readonly backend: BackendPreference;
  readonly resume: string | undefined;
  readonly json: boolean;
  readonly settings: Readonly<Record<string, SettingValue>>;
}

/** Nothing is kept to learn on. */
const names = methods.filter(({ needsRetain }) => !needsRetain).map(({ name }) => name);

export const usage = `Usage: npm run bench:continual -- [options]
Successive rounds on CIFAR-10 with the pre-trained ResNet-20. The engine keeps nothing but its
state between rounds; the bench keeps the images, to ask what came back.

  --data D         cifar-10, or mnist with a small network trained on the spot (default cifar-10)
  --method M       ${names.join(', ')} (default lethe)
  --mode MODE      untrain, misclassify (default untrain)
  --k K            images in each round (default 32)
  --rounds R       rounds (default 8); the same seed gives the same images, however they are split
  --then RxK       further rounds of another size, 200x4 say
  --order O        which of those images come in which round (default 0)
  --seed S         which images, and every random choice (default 0)
  --proxies        1,000 unlabelled held-out images may be used in misclassify too
  --look N         test images asked between the ends of phases, where all are (default 2000)
  --look-every N   in the further rounds, ask them after every Nth only (default 20)
  --resume DIR     keep each round there, and go on from the last one; may be stopped at any time
  --data-dir DIR   folder with cifar-10-batches-bin/ and weights/, or mnist/ (default LETHE_DATA_DIR or ../shared/data)
  --backend B      ${backendPreferences.join(', ')} (default auto)
  --set NAME=V     overrides a setting of the method; may be repeated
  --json           ends with one line of JSON`;

/** @throws LetheError `invalid`, or TypeError for an unknown option or one without a value */
export function parseContinualArguments(argv: readonly string[]): ContinualArguments | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      data: { type: 'string', default: 'cifar-10' },
      method: { type: 'string', default: 'lethe' },
      mode: { type: 'string', default: 'untrain' },
      k: { type: 'string', default: '32' },
      rounds: { type: 'string', default: '8' },
      // biome-ignore lint/suspicious/noThenProperty: the name of an option
      then: { type: 'string' },
      order: { type: 'string', default: '0' },
      seed: { type: 'string', default: '0' },
      proxies: { type: 'boolean', default: false },
      look: { type: 'string', default: '2000' },
      'look-every': { type: 'string', default: '20' },
      resume: { type: 'string' },
      'data-dir': { type: 'string', default: process.env['LETHE_DATA_DIR'] ?? '../shared/data' },
      backend: { type: 'string', default: 'auto' },
      set: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const first = {
    rounds: wholeNumber('rounds', values.rounds, 1),
    k: wholeNumber('k', values.k, 1),
  };
  return {
    data: oneOf('data', values.data, ['cifar-10', 'mnist']),
    method: oneOf('method', values.method, names),
    mode: oneOf('mode', values.mode, ['untrain', 'misclassify']),
    phases: values.then === undefined ? [first] : [first, parsePhase(values.then)],
    order: wholeNumber('order', values.order, 0),
    seed: wholeNumber('seed', values.seed, 0),
    proxies: values.proxies,
    look: wholeNumber('look', values.look, 100),
    lookEvery: wholeNumber('look-every', values['look-every'], 1),
    dataDir: values['data-dir'],
    backend: oneOf('backend', values.backend, backendPreferences),
    resume: values.resume,
    json: values.json,
    settings: Object.fromEntries(values.set.map(parseOverride)),
  };
}
