/**
 * `untrain` against retraining: networks trained on everything unlearn, and are held against
 * networks that never saw what was forgotten (`auditMember`, as `lethe audit` does it). They are
 * trained on the spot: small ones in minutes, residual ones with batch normalisation in hours.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BackendPreference, backendPreferences, openBackend } from '@lethe/compute';
import { canonicalJson, LetheError, sha256 } from '@lethe/contracts';
import { joinSamples, Random, type RoundProgress } from '@lethe/unlearning';
import {
  type AuditHooks,
  type AuditMember,
  type AuditTask,
  auditFigures,
  auditMember,
  augmentationChoices,
  trainNetwork,
  unlearnRounds,
} from '@lethe/unlearning/audit';
import { oneOf, parseOverride, wholeNumber } from './unlearning/arguments.ts';
import { keptWeights } from './unlearning/kept-weights.ts';
import { percent } from './unlearning/percent.ts';
import { residualNetwork } from './unlearning/residual-network.ts';
import { range, rowsOf } from './unlearning/rows.ts';
import {
  readRandom,
  type SmallData,
  smallNetwork,
  smallPreprocessing,
} from './unlearning/small-network.ts';
import { writeWhole } from './unlearning/write-whole.ts';

/** n, of 6n + 2 layers. */
const residualBlocks: Readonly<Record<string, number>> = { 'resnet-8': 1, 'resnet-20': 3 };
const auditNetworks = ['small', ...Object.keys(residualBlocks)];

const { values } = parseArgs({
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

const usage = `Usage: npm run bench:audit -- [options]
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
  --method M      how shadows unlearn (default lethe)
  --set NAME=V    overrides a setting of the method; may be repeated
  --seed S        which images, and every random choice (default 0)
  --resume DIR    keep what is trained or has unlearned there, and each member, and go on after the
                  last one; with another --method or --set nothing is trained again
  --export        write to DIR what is to be trained on what, and stop: another program may train
                  residual networks faster (bench/reference/train_residual.py)
  --data-dir DIR  folder with mnist/ or cifar-10-batches-bin/ (default LETHE_DATA_DIR or ../shared/data)
  --backend B     ${backendPreferences.join(', ')} (default auto)
  --json          ends with one line of JSON`;

const testCount = 4000;

if (values.help) console.log(usage);
else if (values.export) await exportPlan();
else await bench();

/** What another program needs that trains the networks, where it is to leave them. */
async function exportPlan(): Promise<void> {
  const file = keptFile(trainingOptions(), 'plan.json');
  if (file === undefined) {
    throw LetheError.invalid('resume', '', 'is missing', 'Say where --export is to write.');
  }
  const blocks = residualBlocks[values.network];
  if (blocks === undefined) {
    throw LetheError.invalid(
      'network',
      values.network,
      'is not trained by other programs',
      `Take one of ${Object.keys(residualBlocks).join(', ')}, or leave out --export.`,
    );
  }
  const { network, train, order, forgetCount, seed, epochs, augment } = await loadData();
  const leftOut = [...order.slice(0, forgetCount)];
  const networks = [{ file: 'original.bin', seed, leftOut: [] as number[] }];
  for (let member = 0; member < wholeNumber('members', values.members, 2); member++) {
    const ofMember = memberSeed(seed, member);
    networks.push({ file: `member-${member}-retrained.bin`, seed: ofMember, leftOut });
    networks.push({ file: `member-${member}-shadow.bin`, seed: ofMember + 1, leftOut: [] });
  }
  const { sampleShape, classCount: classes } = network;
  const folder = dirname(file);
  const pixels = new Uint8Array(train.values.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.round(255 * (train.values[i] as number));
  writeWhole(join(folder, 'images.u8'), pixels);
  writeWhole(join(folder, 'labels.u8'), Uint8Array.from(train.labels));
  writeWhole(file, JSON.stringify({ sampleShape, classes, blocks, epochs, augment, networks }));
  console.log(folder);
}

async function bench(): Promise<void> {
  const prefer = oneOf('backend', values.backend, backendPreferences) as BackendPreference;
  const count = wholeNumber('members', values.members, 2);
  const backend = await openBackend({ prefer });
  const task = await loadTask();
  const members: AuditMember[] = [];
  for (let member = 0; member < count; member++) {
    const ofMember = { ...task, seed: memberSeed(task.seed, member) };
    members.push(await memberOf(ofMember, member, count, members[0]));
  }
  process.stderr.write('\n');
  const figures = auditFigures(members, { leastTugOfWar: 0.97, mostULira: 0.52 });
  const { shadow, served, retrained, membership } = figures;
  console.log(
    `${backend.description}; ${values.data}, ${values.network}, augment ${values.augment}, ${values.rounds} rounds of ${values.k} of ${values.train} images, ${count} networks of each kind, ${values.method} ${values.set.join(' ')}`,
  );
  console.log('network | forget | retain | test | membership AUC');
  for (const [name, of, auc] of [
    ['original', figures.original, membership.original],
    ['shadows', shadow, membership.shadow],
    ['served', served, membership.served],
    ['retrained', retrained, membership.retrained],
  ] as const) {
    const cells = [of.forget, of.retain, of.test].map(percent);
    console.log([name, ...cells, auc.toFixed(3)].join(' | '));
  }
  console.log(
    `ToW ${figures.tugOfWar.toFixed(3)} (0.97 is aimed at), U-LiRA ${percent(figures.uLira)} (52 at most is aimed at), before unlearning ${percent(figures.uLiraBefore)}`,
  );
  if (values.json) console.log(JSON.stringify({ ...values, backend: backend.name, figures }));
}

/** One that was kept, or a new one. */
async function memberOf(
  task: AuditTask,
  member: number,
  count: number,
  earlier: AuditMember | undefined,
): Promise<AuditMember> {
  const file = keptFile(unlearningOptions(), `member-${member}.json`);
  const kept = file && readIfThere(file);
  if (kept) return kept;
  const hooks: AuditHooks = {
    report: ({ what, step, stepLimit }) =>
      process.stderr.write(`\rmember ${member + 1}/${count}: ${what} ${step}/${stepLimit}\x1b[K`),
    trained: (which, train) =>
      keptWeights(
        keptFile(trainingOptions(), `member-${member}-${which}.bin`),
        task.original,
        train,
      ),
  };
  const told = await auditMember(task, hooks, earlier);
  if (file) writeWhole(file, JSON.stringify(told));
  return told;
}

/** What trained networks depend on. */
function trainingOptions() {
  const { data, train, unseen, k, rounds, epochs, network, augment, seed } = values;
  // Kept networks are of the same images; until decision 0172 the first of the files were taken.
  return { data, train, unseen, chosen: 'by chance', k, rounds, epochs, network, augment, seed };
}

/** What unlearned ones depend on. */
function unlearningOptions() {
  const { method, set, 'held-out': heldOut } = values;
  return { ...trainingOptions(), heldOut, method, set };
}

/** Where something is kept that depends on the given options; undefined where nothing is. */
function keptFile(options: object, name: string): string | undefined {
  if (values.resume === undefined) return undefined;
  const folder = join(values.resume, sha256(canonicalJson(options)).slice(0, 12));
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}

function readIfThere(file: string): AuditMember | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as AuditMember;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function memberSeed(seed: number, member: number): number {
  return seed + 100 * (member + 1);
}

/** Which images play which part, and a network that is yet to be trained. */
async function loadData() {
  const data = oneOf('data', values.data, ['mnist', 'cifar-10']) as SmallData;
  const [trainCount, k] = [wholeNumber('train', values.train, 1), wholeNumber('k', values.k, 1)];
  const [rounds, seed] = [
    wholeNumber('rounds', values.rounds, 1),
    wholeNumber('seed', values.seed, 0),
  ];
  const epochs = wholeNumber('epochs', values.epochs, 1);
  const heldOutCount = wholeNumber('held-out', values['held-out'], 1);
  if (rounds * k >= trainCount) {
    throw LetheError.invalid(
      'rounds',
      rounds,
      `and k = ${k} forget all of --train ${trainCount}`,
      'Forget less, or train on more.',
    );
  }
  const unseenSplit = oneOf('unseen', values.unseen, ['train', 'test']) as 'train' | 'test';
  const unseenCount = heldOutCount + testCount;
  const read = (split: 'train' | 'test', count: number) =>
    readRandom(values['data-dir'], data, split, count, new Random(seed).fork(split));
  const ofTraining = await read('train', trainCount + (unseenSplit === 'train' ? unseenCount : 0));
  const train = rowsOf(ofTraining, range(0, trainCount));
  const unseen =
    unseenSplit === 'train'
      ? rowsOf(ofTraining, range(trainCount, trainCount + unseenCount))
      : await read('test', unseenCount);
  const order = new Random(seed).fork('forget').permutation(trainCount);
  const sets = Array.from({ length: rounds }, (_, i) =>
    rowsOf(train, order.slice(i * k, (i + 1) * k)),
  );
  const augment = oneOf('augment', values.augment, augmentationChoices);
  const network = {
    ...networkOf(oneOf('network', values.network, auditNetworks), data),
    preprocessing: smallPreprocessing,
    isImage: true,
  };
  const heldOut = rowsOf(unseen, range(0, heldOutCount));
  const test = rowsOf(unseen, range(heldOutCount, heldOutCount + testCount));
  return {
    network,
    train,
    order,
    forgetCount: rounds * k,
    sets,
    heldOut,
    test,
    seed,
    epochs,
    augment,
  };
}

/** A network trained on everything, and what it is after it has unlearned. */
async function loadTask(): Promise<AuditTask> {
  const { train, order, forgetCount, sets, ...task } = await loadData();
  const { network, heldOut, seed, epochs, augment } = task;
  const fresh = network.model.getWeights().map((weight) => weight.dataSync<'float32'>().slice());
  const told = (what: string) => ({
    onProgress: ({ step, stepLimit }: RoundProgress) =>
      process.stderr.write(`\r${what} ${step}/${stepLimit}\x1b[K`),
  });
  const settings = Object.fromEntries(values.set.map(parseOverride));
  const trained = () =>
    trainNetwork(
      network,
      train,
      { epochs, augment, seed, frozen: fresh },
      told('training the original'),
    );
  const original = await keptWeights(keptFile(trainingOptions(), 'original.bin'), fresh, trained);
  const method = { name: values.method, settings };
  const plan = { rounds: sets, heldOut, seed, method };
  const unlearned = async () => [...(await unlearnRounds(network, original, plan, told))];
  const served = await keptWeights(keptFile(unlearningOptions(), 'served.bin'), fresh, unlearned);
  return {
    ...task,
    original,
    served,
    ...plan,
    forget: joinSamples(sets),
    retain: rowsOf(train, order.slice(forgetCount)),
  };
}

function networkOf(name: string, data: SmallData) {
  const small = smallNetwork(data);
  if (name === 'small') return small;
  const { sampleShape } = small;
  const blocks = residualBlocks[name] as number;
  return { ...small, model: residualNetwork({ blocks, sampleShape, normalised: true }) };
}
