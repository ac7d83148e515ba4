import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LetheError } from '@lethe/contracts';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logits } from '../logits.ts';
import { kerasFile, type TestKerasModel, type TestWeight } from '../testing/keras-file.ts';
import { importKeras } from './import-keras.ts';

let folder: string;
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(path.join(tmpdir(), 'lethe-keras-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function importBytes(bytes: Uint8Array) {
  const file = path.join(folder, 'model.h5');
  await writeFile(file, bytes);
  return importKeras(file);
}

const importModel = async (model: TestKerasModel) => importBytes(await kerasFile(model));

async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(LetheError);
  expect((error as LetheError).code).toBe('invalid');
  return (error as LetheError).message;
}

const weight = (name: string, shape: number[], values: number[]): TestWeight => ({
  name,
  shape,
  values: Float32Array.from(values),
});

/** x [2] → batch normalisation with ε = 0 → dense to x·K + b. */
const norm = [
  weight('bn/gamma:0', [2], [2, 1]),
  weight('bn/beta:0', [2], [0, 1]),
  weight('bn/moving_mean:0', [2], [1, 0]),
  weight('bn/moving_variance:0', [2], [4, 1]),
];
const dense = [
  weight('head/kernel:0', [2, 3], [1, 0, 1, 0, 1, 1]),
  weight('head/bias:0', [3], [0, 0, 10]),
];
/** (x − 1)·2/2 = 4, 5 + 1 = 6: the head gives 4, 6, 4 + 6 + 10. */
const sample = Float32Array.of(5, 5);
const expected = [4, 6, 20];

const l2 = { class_name: 'L2', config: { l2: 1e-4 } };
const keras2Layers = [
  {
    class_name: 'BatchNormalization',
    config: {
      name: 'bn',
      batch_input_shape: [null, 2],
      axis: [1],
      epsilon: 0,
      dtype: { class_name: 'Policy', config: { name: 'mixed_float16' } },
      gamma_initializer: { class_name: 'Ones', config: {} },
    },
  },
  {
    class_name: 'Dense',
    config: { name: 'head', units: 3, activation: 'softmax', kernel_regularizer: l2 },
  },
];
const keras2 = {
  class_name: 'Sequential',
  config: { name: 'sequential', layers: keras2Layers },
};

/** The same network as Keras 3 writes it, functional. */
const tensor = (name: string) => ({
  class_name: '__keras_tensor__',
  config: { shape: [null, 2], dtype: 'float32', keras_history: [name, 0, 0] },
});
const keras3Layer = (class_name: string, config: { name: string }, reads?: string) => ({
  module: 'keras.layers',
  class_name,
  registered_name: null,
  name: config.name,
  config: {
    trainable: true,
    dtype: { module: 'keras', class_name: 'DTypePolicy', config: { name: 'float32' } },
    ...config,
  },
  inbound_nodes: reads === undefined ? [] : [{ args: [tensor(reads)], kwargs: { mask: null } }],
});
const keras3 = {
  module: 'keras.src.models.functional',
  class_name: 'Functional',
  config: {
    name: 'functional',
    trainable: true,
    layers: [
      keras3Layer('InputLayer', { name: 'image', batch_shape: [null, 2] } as { name: string }),
      keras3Layer(
        'BatchNormalization',
        { name: 'bn', axis: -1, epsilon: 0 } as { name: string },
        'image',
      ),
      keras3Layer(
        'Dense',
        { name: 'head', units: 3, activation: 'softmax' } as { name: string },
        'bn',
      ),
    ],
    input_layers: ['image', 0, 0],
    output_layers: ['head', 0, 0],
  },
};

const layers: TestKerasModel['layers'] = [
  ['bn', norm],
  ['head', dense],
];

describe('a Keras model', () => {
  it.each([
    ['Keras 2', { modelConfig: keras2, layers }],
    ['Keras 3', { modelConfig: keras3, layers: [['image', []], ...layers] as const }],
    ['Keras with very many layers', { modelConfig: keras2, layers, splitNames: true }],
  ])('of %s is imported, its softmax taken off', async (_, model) => {
    const classifier = await importModel(model);
    expect([...(await logits(classifier, sample, 1))]).toEqual(expected);
    expect(classifier.classCount).toBe(3);
  });

  it('with a network inside takes its weights by their own names', async () => {
    const inner = {
      class_name: 'Sequential',
      config: {
        name: 'backbone',
        layers: [
          { class_name: 'InputLayer', config: { name: 'i', batch_input_shape: [null, 2] } },
          keras2Layers[0],
        ],
      },
    };
    const modelConfig = {
      class_name: 'Sequential',
      config: { name: 'outer', layers: [inner, keras2Layers[1]] },
    };
    const classifier = await importModel({
      modelConfig,
      layers: [
        ['backbone', norm],
        ['head', dense],
      ],
    });
    expect([...(await logits(classifier, sample, 1))]).toEqual(expected);
  });

  it('leaves no tensor behind when disposed', async () => {
    const before = tf.memory().numTensors;
    (await importModel({ modelConfig: keras2, layers })).model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a bad Keras file is refused', () => {
  it('when it is another format', async () => {
    expect(await refusal(importBytes(Buffer.from('PK\x03\x04 keras')))).toMatch(
      /zip archive.*model\.save\('model\.h5'\)/,
    );
    expect(await refusal(importBytes(Buffer.alloc(100)))).toContain('is not an HDF5 file');
  });

  it('when it holds weights only', async () => {
    expect(await refusal(importModel({ layers }))).toMatch(
      /holds weights without their architecture.*not save_weights/,
    );
  });

  it('when it is cut off anywhere', async () => {
    const whole = await kerasFile({ modelConfig: keras2, layers });
    for (let length = 8; length < whole.length; length += 997) {
      expect(await refusal(importBytes(whole.subarray(0, length)))).toMatch(/cut off|is missing/);
    }
  });

  it('when weights are missing, of another shape, type, or not finite', async () => {
    const withHead = (...head: TestWeight[]) =>
      refusal(importModel({ modelConfig: keras2, layers: [layers[0]!, ['head', head]] }));
    expect(await withHead(dense[0]!)).toMatch(/weights of layer head = .*\[\[2,3\],\[3\]\]/);
    expect(await withHead(weight('k', [2, 2], [1, 2, 3, 4]), dense[1]!)).toMatch(/do not fit/);
    expect(await withHead({ ...dense[0]!, values: new Int32Array(6) }, dense[1]!)).toMatch(
      /is not a tensor of float32/,
    );
    expect(await withHead(dense[0]!, weight('head/bias:0', [3], [0, Number.NaN, 0]))).toMatch(
      /weight head\/bias:0\[1\] = "NaN"/,
    );
  });

  it.each([
    ['Conv2D', { groups: 2 }],
    ['ReLU', { negative_slope: 0.1 }],
    ['GlobalAveragePooling2D', { keepdims: true }],
    ['Dense', { activation: { class_name: 'function', config: 'mine' } }],
    ['BatchNormalization', { axis: [1, 2] }],
  ])('when a %s layer asks for what tfjs would ignore: %o', async (class_name, setting) => {
    const layer = { class_name, config: { name: 'odd', units: 3, ...setting } };
    const modelConfig = {
      class_name: 'Sequential',
      config: { name: 's', layers: [keras2Layers[0], layer] },
    };
    const message = await refusal(importModel({ modelConfig, layers }));
    expect(message).toContain(`layer odd: ${Object.keys(setting)[0]}`);
  });

  it('when a layer is custom code', async () => {
    const layer = { class_name: 'MyAttention', config: { name: 'odd' } };
    const modelConfig = {
      class_name: 'Sequential',
      config: { name: 's', layers: [keras2Layers[0], layer] },
    };
    expect(await refusal(importModel({ modelConfig, layers }))).toMatch(/"MyAttention"/);
  });
});
