import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LetheError } from '@lethe/contracts';
import {
  type Classifier,
  checkPreprocessing,
  foldBatchNorm,
  importKeras,
  importTorchResNet,
  loadLayersModel,
  type Preprocessing,
} from '@lethe/models';

export interface NetworkArgument {
  readonly path: string;
  /** Overrides what the format itself says (PyTorch CIFAR networks carry their own). */
  readonly preprocessing?: Partial<Preprocessing>;
  readonly foldBatchNorm: boolean;
}

/**
 * Reads a network in whichever format it is, ending in logits.
 *
 * @throws LetheError `invalid` naming `--weights` for a path that is none of the known formats
 */
export async function loadNetwork(argument: NetworkArgument): Promise<Classifier> {
  const loaded = await readByFormat(argument.path);
  const preprocessing = { ...loaded.preprocessing, ...argument.preprocessing };
  checkPreprocessing(preprocessing, loaded.sampleShape.at(-1) ?? 1);
  if (!argument.foldBatchNorm) return { ...loaded, preprocessing };
  const model = await foldBatchNorm(loaded.model);
  if (model !== loaded.model) loaded.model.dispose();
  return { ...loaded, model, preprocessing };
}

function readByFormat(path: string): Promise<Classifier> {
  if (!existsSync(path)) {
    throw LetheError.invalid('--weights', path, 'does not exist', 'Check the path.');
  }
  if (statSync(path).isDirectory()) {
    if (existsSync(join(path, 'model.json'))) return loadLayersModel(path);
    throw LetheError.invalid(
      '--weights',
      path,
      'is a folder without model.json',
      'Give the folder of a tfjs LayersModel, a .th or a .h5 file.',
    );
  }
  if (path.endsWith('.json')) return loadLayersModel(path);
  if (/\.(h5|hdf5|keras)$/.test(path)) return importKeras(path);
  if (/\.(th|pt|pth)$/.test(path)) return importTorchResNet(path);
  throw LetheError.invalid(
    '--weights',
    path,
    'has an ending that says no format',
    'Give a tfjs LayersModel folder, a PyTorch .th/.pt/.pth or a Keras .h5 file.',
  );
}
