import { LetheError } from '@lethe/contracts';
import { type Classifier, classifierOf, type Preprocessing } from '../classifier.ts';
import { putTogether } from '../model-parts.ts';
import { refuseNonFinite } from '../weights.ts';
import { type CifarResNetShape, cifarResNet } from './cifar-resnet.ts';
import { readStateDict, type StateTensor } from './state-dict.ts';

/** The normalisation that the published weights were trained with (pixels in [0, 1]). */
export const cifarResNetPreprocessing: Preprocessing = {
  scale: 1,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

export interface TorchResNetOptions {
  /** Height and width of an image; the state dict does not say it. 32 if not given. */
  readonly inputSize?: number;
  readonly preprocessing?: Preprocessing;
}

/**
 * Imports a CIFAR ResNet (20, 32, 44, 56, 110, …; option-A shortcuts) from a PyTorch state
 * dict. Depth, width and classes come from the shapes of its entries. The shortcuts' frozen
 * convolutions have `trainable: false`.
 *
 * @throws LetheError `not_found` for a missing file; `invalid` for anything that is not such a
 *   state dict, naming the global, entry or shape at fault
 */
export async function importTorchResNet(
  file: string,
  options: TorchResNetOptions = {},
): Promise<Classifier> {
  const tensors = await readStateDict(file);
  const names = [...tensors.keys()];
  refuseNonFinite(
    [...tensors.values()].map(({ values }) => values),
    names.map((name) => ({ name })),
    file,
  );
  const shape = inferShape(tensors, options.inputSize ?? 32, file);
  // Counts training steps; means nothing once trained.
  const unused = new Set(names.filter((name) => !name.endsWith('.num_batches_tracked')));
  const parts = cifarResNet(shape, (name, expected) => {
    unused.delete(name);
    return entry(tensors, name, expected, file).values;
  });
  const [foreign] = unused;
  if (foreign !== undefined) throw otherArchitecture(file, foreign, 'belongs to another network');
  const model = await putTogether(parts);
  return classifierOf(model, options.preprocessing ?? cifarResNetPreprocessing);
}

function inferShape(
  tensors: ReadonlyMap<string, StateTensor>,
  inputSize: number,
  file: string,
): CifarResNetShape {
  const stem = tensors.get('conv1.weight')?.shape;
  const head = tensors.get('linear.weight')?.shape;
  if (stem?.length !== 4 || head?.length !== 2) {
    const [absent, found] = stem?.length !== 4 ? ['conv1.weight', stem] : ['linear.weight', head];
    throw otherArchitecture(
      file,
      absent,
      found === undefined ? 'is missing' : `has shape [${found}]`,
    );
  }
  const stages = [1, 2, 3].map((stage) => {
    const pattern = new RegExp(`^layer${stage}\\.(\\d+)\\.`);
    const indices = [...tensors.keys()].map((name) => Number(pattern.exec(name)?.[1] ?? -1));
    return Math.max(...indices) + 1;
  });
  const blocks = stages[0]!;
  if (blocks === 0 || stages.some((count) => count !== blocks)) {
    throw otherArchitecture(file, 'layer1, layer2, layer3', `have ${stages.join(', ')} blocks`);
  }
  return { blocks, width: stem[0]!, channels: stem[1]!, classCount: head[0]!, inputSize };
}

function entry(
  tensors: ReadonlyMap<string, StateTensor>,
  name: string,
  expected: readonly number[],
  file: string,
): StateTensor {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw otherArchitecture(file, name, 'is missing');
  if (tensor.shape.join() === expected.join()) return tensor;
  throw otherArchitecture(file, name, `has shape [${tensor.shape}] where [${expected}] is needed`);
}

function otherArchitecture(file: string, name: string, description: string): LetheError {
  return LetheError.invalid(
    `${file}: entry`,
    name,
    description,
    'Only CIFAR ResNets with option-A shortcuts (conv1, bn1, layer1…3, linear) are imported from ' +
      'PyTorch; bring other networks as a Keras or TensorFlow.js model.',
  );
}
