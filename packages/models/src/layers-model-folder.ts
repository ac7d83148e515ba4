import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LetheError, layersModelJson } from '@lethe/contracts';
import { type Classifier, classifierOf, type Preprocessing } from './classifier.ts';
import { buildModel } from './model-parts.ts';
import type { JsonObject } from './network-config.ts';
import { parseNetworkConfig } from './parse-network-config.ts';
import { readSourceFile, unreadable } from './source-file.ts';
import { toLogits } from './to-logits.ts';
import { parseTopology, refuseNonFinite, splitWeights } from './weights.ts';
import { readWeightGroups } from './weights-manifest.ts';

export interface LayersModelOptions {
  /** If not given: what {@link exportLayersModel} noted in the file, else samples as read. */
  readonly preprocessing?: Preprocessing;
}

/**
 * Loads a classifier from a tfjs LayersModel folder (model.json and weight shards), without
 * tfjs-node. A final softmax or sigmoid is taken off.
 *
 * @param location the folder, or the path of its model.json
 * @throws LetheError `not_found` for missing files; `invalid` for foreign files, unknown
 *   layers, truncated, NaN or infinite weights, and networks that are no classifiers
 */
export async function loadLayersModel(
  location: string,
  options: LayersModelOptions = {},
): Promise<Classifier> {
  const file = await modelFile(location);
  const json = await readModelJson(file);
  const network = parseNetworkConfig(json['modelTopology'], file);
  const weights = await readWeightGroups(json['weightsManifest'], file);
  refuseNonFinite(
    weights.map(({ values }) => values),
    weights,
    file,
  );
  const model = await buildModel(network, weights, file);
  try {
    const preprocessing = options.preprocessing ?? notedPreprocessing(json);
    return classifierOf(await toLogits(model), preprocessing);
  } finally {
    model.dispose();
  }
}

/**
 * Writes model.json and weights.bin that any tfjs client loads with tf.loadLayersModel. The
 * network ends in logits; the preprocessing it needs is noted under
 * `userDefinedMetadata.lethe.preprocessing`. model.json is written last: a folder that has one
 * is whole.
 *
 * @throws LetheError `corrupt` when the bytes do not fit each other; `precondition`, `capacity`
 *   or `invalid` when the folder cannot be written
 */
export async function exportLayersModel(
  topologyBytes: Uint8Array,
  weightsBytes: Uint8Array,
  folder: string,
  preprocessing?: Preprocessing,
): Promise<void> {
  const topology = parseTopology(topologyBytes);
  splitWeights(weightsBytes, topology.weightSpecs);
  const json = layersModelJson(topology, preprocessing);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'weights.bin'), weightsBytes);
    await writeFile(path.join(folder, 'model.json'), json);
  } catch (cause) {
    const { code, message } = LetheError.from(cause);
    throw new LetheError(
      code === 'internal' ? 'invalid' : code,
      `${folder}: the model cannot be written (${message}). Give a folder with free space that this user may write to.`,
      { cause },
    );
  }
}

async function modelFile(location: string): Promise<string> {
  try {
    const isFolder = (await stat(location)).isDirectory();
    return isFolder ? path.join(location, 'model.json') : location;
  } catch (cause) {
    throw unreadable(location, cause);
  }
}

async function readModelJson(file: string): Promise<JsonObject> {
  const bytes = await readSourceFile(file);
  const json = parseJson(bytes);
  if (json === undefined) {
    throw LetheError.invalid(
      file,
      `${bytes.length} bytes`,
      'is not JSON',
      'Give the model.json of a TensorFlow.js LayersModel, or the folder it is in.',
    );
  }
  const topology = json['modelTopology'];
  if (json['format'] === 'graph-model' || (isObject(topology) && 'node' in topology)) {
    throw LetheError.invalid(
      `${file}: format`,
      json['format'] ?? 'graph',
      'is a GraphModel: a frozen graph for inference that cannot be changed by training',
      'Convert the original model with tensorflowjs_converter --output_format=tfjs_layers_model.',
    );
  }
  return json;
}

function parseJson(bytes: Uint8Array): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

function notedPreprocessing(json: JsonObject): Preprocessing | undefined {
  const metadata = json['userDefinedMetadata'];
  const lethe = isObject(metadata) ? metadata['lethe'] : undefined;
  const noted = isObject(lethe) ? lethe['preprocessing'] : undefined;
  if (!isObject(noted)) return undefined;
  const { scale, mean, std } = noted;
  const isPreprocessing = typeof scale === 'number' && Array.isArray(mean) && Array.isArray(std);
  return isPreprocessing ? { scale, mean, std } : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
