import { parseArgs } from 'node:util';
import { type BackendPreference, backendPreferences } from '@lethe/compute';
import { LetheError } from '@lethe/contracts';
import type { SettingValue } from '@lethe/unlearning';
import { augmentationChoices } from '@lethe/unlearning/audit';
import { methodNames, oneOf, parseOverride, wholeNumber } from '../unlearning/arguments.ts';
import type { SmallData } from '../unlearning/small-network.ts';

/** n of residual networks, which have 6n + 2 layers. */
export const residualBlocks: Readonly<Record<string, number>> = { 'resnet-8': 1, 'resnet-20': 3 };
const auditNetworks = ['small', ...Object.keys(residualBlocks)];

export interface AuditArguments {
  readonly data: SmallData;
  readonly network: string;
  readonly train: number;
  /** Where held-out and test images come from. */
  readonly unseen: 'train' | 'test';
  readonly heldOut: number;
  readonly k: number;
  readonly rounds: number;
  readonly members: number;
  readonly epochs: number;
  readonly augment: string;
  readonly method: string;
  readonly settings: Readonly<Record<string, SettingValue>>;
  readonly seed: number;
  readonly resume: string | undefined;
  readonly export: boolean;
  readonly dataDir: string;
  readonly backend: BackendPreference;
  readonly json: boolean;
  /** What was given, as it was given: kept files are named by it. */
  readonly given: Readonly<Record<string, unknown>>;
}

export const usage = `Usage: npm run bench:audit -- [options]
Rounds of untrain held against retraining: gaps in accuracy, ToW, U-LiRA, membership AUC.

  --data D        mnist or cifar-10 (default mnist)
  --network N     ${auditNetworks.join(', ')}: a small convolutional one, or a ResNet of He et al. for
                  CIFAR with batch normalisation (default small)
  --train N       training images, chosen by chance (default 10000)
  --unseen SPLIT  where held-out and test images come from: train, other images of that split; or
                  test, for MNIST by other writers (default train)
  --held-out N    images that nothing is trained on, by which rounds go (default 2000)
  --k K           images in each round (default 64)
  --rounds R      rounds (default 8)
  --members N     networks of each kind, at least 2 (default 4)
  --epochs N      walks over the training images (default 20)
  --augment A     ${augmentationChoices.join(', ')}: what is done to images in training (default none)
  --method M      how shadows unlearn: ${methodNames.join(', ')} (default lethe)
  --set NAME=V    overrides a setting of the method; may be repeated
  --seed S        which images, and every random choice (default 0)
  --resume DIR    keep what is trained or has unlearned there, and each member, and go on after the
                  last one; with another --method or --set nothing is trained again
  --export        write to DIR what is to be trained on what, and stop: another program may train
                  residual networks faster (bench/reference/train_residual.py)
  --data-dir DIR  folder with mnist/ or cifar-10-batches-bin/ (default LETHE_DATA_DIR or ../shared/data)
  --backend B     ${backendPreferences.join(', ')} (default auto)
  --json          ends with one line of JSON`;

/** @throws LetheError `invalid`, or TypeError for an unknown option or one without a value */
export function parseAuditArguments(argv: readonly string[]): AuditArguments | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      data: { type: 'string', default: 'mnist' },
      train: { type: 'string', default: '10000' },
      unseen: { type: 'string', default: 'train' },
      'held-out': { type: 'string', default: '2000' },
      k: { type: 'string', default: '64' },
      rounds: { type: 'string', default: '8' },
      members: { type: 'string', default: '4' },
      epochs: { type: 'string', default: '20' },
      network: { type: 'string', default: 'small' },
      augment: { type: 'string', default: 'none' },
      method: { type: 'string', default: 'lethe' },
      set: { type: 'string', multiple: true, default: [] },
      seed: { type: 'string', default: '0' },
      resume: { type: 'string' },
      export: { type: 'boolean', default: false },
      'data-dir': { type: 'string', default: process.env['LETHE_DATA_DIR'] ?? '../shared/data' },
      backend: { type: 'string', default: 'auto' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const [k, rounds] = [wholeNumber('k', values.k, 1), wholeNumber('rounds', values.rounds, 1)];
  const train = wholeNumber('train', values.train, 1);
  if (rounds * k >= train) {
    throw LetheError.invalid(
      '--rounds',
      rounds,
      `and k = ${k} forget all of --train ${train}`,
      'Forget less, or train on more.',
    );
  }
  return {
    data: oneOf('data', values.data, ['mnist', 'cifar-10']) as SmallData,
    network: oneOf('network', values.network, auditNetworks),
    train,
    unseen: oneOf('unseen', values.unseen, ['train', 'test']) as 'train' | 'test',
    heldOut: wholeNumber('held-out', values['held-out'], 1),
    k,
    rounds,
    members: wholeNumber('members', values.members, 2),
    epochs: wholeNumber('epochs', values.epochs, 1),
    augment: oneOf('augment', values.augment, augmentationChoices),
    method: oneOf('method', values.method, methodNames),
    settings: Object.fromEntries(values.set.map(parseOverride)),
    seed: wholeNumber('seed', values.seed, 0),
    resume: values.resume,
    export: values.export,
    dataDir: values['data-dir'],
    backend: oneOf('backend', values.backend, backendPreferences) as BackendPreference,
    json: values.json,
    given: values,
  };
}
