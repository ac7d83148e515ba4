import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Classifier } from './classifier.ts';
import { exportLayersModel, loadLayersModel } from './layers-model-folder.ts';
import { logits } from './logits.ts';
import { encodeTopology, encodeWeights } from './weights.ts';

let folder: string;
beforeAll(() => tf.setBackend('cpu'));
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lethe-layers-model-'));
});
afterEach(() => rm(folder, { recursive: true }));

const { dense, conv2d, flatten } = tf.layers;

function imageModel(): tf.Sequential {
  return tf.sequential({
    layers: [
      conv2d({ inputShape: [4, 4, 1], filters: 2, kernelSize: 3, name: 'conv' }),
      flatten(),
      dense({ units: 3, activation: 'softmax', name: 'head' }),
    ],
  });
}

/** Saves as tfjs's own clients do, in `shards` files. */
async function save(model: tf.LayersModel, shards = 1): Promise<void> {
  const saved: tf.io.ModelArtifacts[] = [];
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved.push(artifacts);
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  const { modelTopology, weightSpecs, weightData, format } = saved[0]!;
  const bytes = Buffer.from(weightData as ArrayBuffer);
  const size = Math.ceil(bytes.length / shards);
  const paths = Array.from({ length: shards }, (_, i) => `group1-shard${i + 1}of${shards}.bin`);
  for (const [i, name] of paths.entries()) {
    await writeFile(path.join(folder, name), bytes.subarray(i * size, (i + 1) * size));
  }
  const weightsManifest = [{ paths, weights: weightSpecs }];
  await writeJson({ format, modelTopology, weightsManifest });
}

const modelJson = () => path.join(folder, 'model.json');
const writeJson = (json: unknown) => writeFile(modelJson(), JSON.stringify(json));

interface ModelJson {
  modelTopology: { class_name: string; config: { layers: { class_name: string }[] } };
  weightsManifest: { paths: string[]; weights: { name: string; dtype: string }[] }[];
  format?: string;
}

async function editJson(edit: (json: ModelJson) => void): Promise<void> {
  const json = JSON.parse(await readFile(modelJson(), 'utf8')) as ModelJson;
  edit(json);
  await writeJson(json);
}

const values = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i));

async function probabilities(model: tf.LayersModel): Promise<Float32Array> {
  const x = tf.tensor(values, [2, ...(model.inputs[0]!.shape.slice(1) as number[])]);
  return (model.predict(x) as tf.Tensor).data<'float32'>();
}

async function softmaxOf(classifier: Classifier): Promise<Float32Array> {
  const z = await logits(classifier, values, 2);
  return tf.softmax(tf.tensor2d(z, [2, classifier.classCount])).data<'float32'>();
}

function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 5);
}

describe('a LayersModel folder', () => {
  it.each([1, 3])('of images loads from %i shards, its softmax taken off', async (shards) => {
    const model = imageModel();
    await save(model, shards);
    const classifier = await loadLayersModel(folder);
    expect(classifier.sampleShape).toEqual([4, 4, 1]);
    expectClose(await softmaxOf(classifier), await probabilities(model));
  });

  it('of vectors with one sigmoid unit loads as two classes', async () => {
    const model = tf.sequential({
      layers: [dense({ units: 1, activation: 'sigmoid', inputShape: [16] })],
    });
    await save(model);
    const classifier = await loadLayersModel(modelJson());
    expect(classifier.classCount).toBe(2);
    const p = await probabilities(model);
    expectClose(await softmaxOf(classifier), Float32Array.of(1 - p[0]!, p[0]!, 1 - p[1]!, p[1]!));
  });

  it('with quantised weights loads them expanded', async () => {
    const model = tf.sequential({
      layers: [dense({ units: 2, inputShape: [16], useBias: false, name: 'd' })],
    });
    await save(model);
    const quantized = Uint8Array.from({ length: 32 }, (_, i) => i);
    await writeFile(path.join(folder, 'group1-shard1of1.bin'), quantized);
    await editJson((json) => {
      Object.assign(json.weightsManifest[0]!.weights[0]!, {
        quantization: { dtype: 'uint8', scale: 0.5, min: -4 },
      });
    });
    const classifier = await loadLayersModel(folder);
    const kernel = await classifier.model.getWeights()[0]!.data();
    expect([...kernel]).toEqual([...quantized].map((q) => q * 0.5 - 4));
  });

  it('leaves no tensor behind when loaded and disposed', async () => {
    await save(imageModel());
    const before = tf.memory().numTensors;
    (await loadLayersModel(folder)).model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('an exported folder', () => {
  const preprocessing = { scale: 2, mean: [0.5], std: [0.25] };
  const exported = async (model: tf.LayersModel, target: string) =>
    exportLayersModel(encodeTopology(model), await encodeWeights(model), target, preprocessing);

  it('loads again with its preprocessing', async () => {
    const model = imageModel();
    const target = path.join(folder, 'new/folder');
    await exported(model, target);
    const classifier = await loadLayersModel(target);
    expect(classifier.preprocessing).toEqual(preprocessing);
    const plain = await loadLayersModel(target, {
      preprocessing: { scale: 1, mean: [0], std: [1] },
    });
    expectClose(await softmaxOf(plain), await probabilities(model));
  });

  it('loads with the loader of tfjs itself', async () => {
    const model = imageModel();
    await exported(model, folder);
    const json = JSON.parse(await readFile(modelJson(), 'utf8')) as tf.io.ModelJSON;
    const weights = await readFile(path.join(folder, 'weights.bin'));
    const loaded = await tf.loadLayersModel({
      load: () =>
        tf.io.getModelArtifactsForJSON(json, async (manifest) => {
          expect(manifest[0]!.paths).toEqual(['weights.bin']);
          return [manifest[0]!.weights, new Uint8Array(weights).buffer];
        }),
    });
    expectClose(await probabilities(loaded), await probabilities(model));
  });

  it('is refused where a file is in the way', async () => {
    await writeFile(path.join(folder, 'file'), '');
    await expect(exported(imageModel(), path.join(folder, 'file'))).rejects.toThrow(
      /the model cannot be written/,
    );
  });
});

describe('bad folders are refused with file, reason and remedy', () => {
  it('when nothing is there', async () => {
    await expect(loadLayersModel(path.join(folder, 'nowhere'))).rejects.toThrow(
      /nowhere: There is no such file or folder/,
    );
    await expect(loadLayersModel(folder)).rejects.toThrow(/model\.json: There is no such file/);
  });

  it.each([
    ['not JSON', 'hello', /model\.json = .*is not JSON/],
    ['a GraphModel', '{"format":"graph-model","modelTopology":{"node":[]}}', /is a GraphModel/],
    ['an old GraphModel', '{"modelTopology":{"node":[]}}', /tfjs_layers_model/],
    ['another JSON', '{"name":"package"}', /modelTopology = "null": is not an object/],
    ['a list', '[1,2]', /is not JSON/],
  ])('when model.json is %s', async (_, text, message) => {
    await writeFile(modelJson(), text);
    await expect(loadLayersModel(folder)).rejects.toThrow(message);
  });

  it('when weights are truncated or too long', async () => {
    await save(imageModel());
    const shard = path.join(folder, 'group1-shard1of1.bin');
    const bytes = await readFile(shard);
    await writeFile(shard, bytes.subarray(0, bytes.length - 4));
    await expect(loadLayersModel(folder)).rejects.toThrow(
      /group1-shard1of1\.bin = "\d+ bytes": is truncated: model\.json asks for \d+ bytes/,
    );
    await writeFile(shard, Buffer.concat([bytes, Buffer.alloc(4)]));
    await expect(loadLayersModel(folder)).rejects.toThrow(/is too long/);
  });

  it('when a shard is missing', async () => {
    await save(imageModel(), 2);
    await rm(path.join(folder, 'group1-shard2of2.bin'));
    await expect(loadLayersModel(folder)).rejects.toThrow(/shard2of2\.bin: There is no such file/);
  });

  it('when a shard lies outside the folder', async () => {
    await save(imageModel());
    await editJson((json) => {
      json.weightsManifest[0]!.paths = ['../../etc/passwd'];
    });
    await expect(loadLayersModel(folder)).rejects.toThrow(/leads out of the folder/);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('when a weight is %d', async (bad) => {
    const model = imageModel();
    model.getLayer('head').setWeights([tf.fill([8, 3], bad), tf.zeros([3])]);
    await save(model);
    await expect(loadLayersModel(folder)).rejects.toThrow(/weight head\/kernel\[0\] = "(NaN|Inf)/);
  });

  it('when a layer is unknown', async () => {
    await save(imageModel());
    await editJson((json) => {
      json.modelTopology.config.layers[1]!.class_name = 'Lambda';
    });
    await expect(loadLayersModel(folder)).rejects.toThrow(
      /class_name = "Lambda": is not a layer that TensorFlow\.js knows/,
    );
  });

  it('when weights belong to another network', async () => {
    await save(imageModel());
    await editJson((json) => {
      json.weightsManifest[0]!.weights[0]!.name = 'other/kernel';
    });
    await expect(loadLayersModel(folder)).rejects.toThrow(/other\/kernel/);
  });

  it('when the manifest is missing, broken, or of a strange type', async () => {
    await save(imageModel());
    await editJson((json) => {
      json.weightsManifest[0]!.weights[0]!.dtype = 'complex64';
    });
    await expect(loadLayersModel(folder)).rejects.toThrow(/dtype = "complex64"/);
    await editJson((json) => Object.assign(json, { weightsManifest: [{ paths: 'x' }] }));
    await expect(loadLayersModel(folder)).rejects.toThrow(/weightsManifest\[0\]/);
    await editJson((json) => Object.assign(json, { weightsManifest: undefined }));
    await expect(loadLayersModel(folder)).rejects.toThrow(/weightsManifest = "null": is missing/);
  });

  it('when the path is a folder where a file should be', async () => {
    await mkdir(modelJson());
    await expect(loadLayersModel(folder)).rejects.toThrow(/It is a folder/);
  });
});
