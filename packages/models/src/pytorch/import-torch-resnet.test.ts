import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LetheError } from '@lethe/contracts';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logits } from '../logits.ts';
import { legacyFile, stateDict, type TestTensor } from '../testing/torch-file.ts';
import { importTorchResNet } from './import-torch-resnet.ts';

let folder: string;
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(path.join(tmpdir(), 'lethe-resnet-'));
});
afterAll(() => rm(folder, { recursive: true }));

type Tensors = Record<string, TestTensor>;

/** Numbers that look random but need no seed; positive for variances. */
function tensor(name: string, shape: readonly number[]): TestTensor {
  const size = shape.reduce((product, n) => product * n, 1);
  const phase = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  const values = Float32Array.from({ length: size }, (_, i) => Math.sin(phase + 1.7 * i) / 2);
  return { shape, values: name.endsWith('running_var') ? values.map((v) => v + 1) : values };
}

/** Entries of a ResNet with n = 2 (14 layers), 4, 8 and 16 channels and 3 classes. */
function smallResNet(): Tensors {
  const tensors: Tensors = {};
  const add = (name: string, shape: readonly number[]) => {
    tensors[`module.${name}`] = tensor(name, shape);
  };
  const norm = (name: string, channels: number) => {
    for (const entry of ['weight', 'bias', 'running_mean', 'running_var']) {
      add(`${name}.${entry}`, [channels]);
    }
    add(`${name}.num_batches_tracked`, []);
  };
  add('conv1.weight', [4, 3, 3, 3]);
  norm('bn1', 4);
  let from = 4;
  for (const [stage, to] of [4, 8, 16].entries()) {
    for (const block of [0, 1]) {
      const name = `layer${stage + 1}.${block}`;
      add(`${name}.conv1.weight`, [to, from, 3, 3]);
      norm(`${name}.bn1`, to);
      add(`${name}.conv2.weight`, [to, to, 3, 3]);
      norm(`${name}.bn2`, to);
      from = to;
    }
  }
  add('linear.weight', [3, 16]);
  add('linear.bias', [3]);
  return tensors;
}

async function importTensors(tensors: Tensors) {
  const file = path.join(folder, 'small.th');
  await writeFile(file, legacyFile(stateDict(tensors), Object.values(tensors)));
  return importTorchResNet(file, { inputSize: 8 });
}

describe('an imported ResNet', () => {
  it('computes what PyTorch does', async () => {
    const tensors = smallResNet();
    const classifier = await importTensors(tensors);
    const image = Float32Array.from({ length: 8 * 8 * 3 }, (_, i) => (Math.cos(i) + 1) / 2);
    const actual = await logits(classifier, image, 1);
    const expected = pytorchForward(tensors, image);
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.1);
    for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 4);
  });

  it('has standard layers only, and two frozen shortcuts', async () => {
    const { model, classCount, sampleShape, preprocessing } = await importTensors(smallResNet());
    expect(new Set(model.layers.map((layer) => layer.getClassName()))).toEqual(
      new Set([
        'InputLayer',
        'Conv2D',
        'BatchNormalization',
        'Activation',
        'ZeroPadding2D',
        'Add',
        'GlobalAveragePooling2D',
        'Dense',
      ]),
    );
    const frozen = model.layers.filter((layer) => !layer.trainable && layer.weights.length > 0);
    expect(frozen.map(({ name }) => name)).toEqual(['layer2_0_shortcut', 'layer3_0_shortcut']);
    expect(model.name).toBe('resnet14');
    expect(classCount).toBe(3);
    expect(sampleShape).toEqual([8, 8, 3]);
    expect(preprocessing).toEqual({
      scale: 1,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    });
  });

  it('leaves no tensor behind when disposed', async () => {
    const before = tf.memory().numTensors;
    const { model } = await importTensors(smallResNet());
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a state dict of something else is refused by entry', () => {
  const changes: [string, (tensors: Tensors) => void, RegExp][] = [
    [
      'an entry is missing',
      (tensors) => delete tensors['module.layer2.1.bn2.running_var'],
      /entry = "layer2\.1\.bn2\.running_var": is missing/,
    ],
    [
      'a shape is wrong',
      (tensors) => {
        tensors['module.layer1.0.conv1.weight'] = tensor('x', [4, 4, 5, 5]);
      },
      /entry = "layer1\.0\.conv1\.weight": has shape \[4,4,5,5\] where \[4,4,3,3\] is needed/,
    ],
    [
      'it has shortcuts with weights (option B)',
      (tensors) => {
        tensors['module.layer2.0.shortcut.0.weight'] = tensor('x', [8, 4, 1, 1]);
      },
      /entry = "layer2\.0\.shortcut\.0\.weight": belongs to another network/,
    ],
    [
      'its stages differ in depth',
      (tensors) => {
        tensors['module.layer3.2.conv1.weight'] = tensor('x', [16, 16, 3, 3]);
      },
      /have 2, 2, 3 blocks/,
    ],
    [
      'it is another architecture',
      (tensors) => delete tensors['module.linear.weight'],
      /entry = "linear\.weight": is missing.*Only CIFAR ResNets/,
    ],
    [
      'a weight is not a number',
      (tensors) => {
        tensors['module.bn1.weight']!.values[2] = Number.NaN;
      },
      /weight bn1\.weight\[2\] = "NaN": is not a finite number/,
    ],
  ];
  it.each(changes)('when %s', async (_, change, message) => {
    const tensors = smallResNet();
    change(tensors);
    const error: unknown = await importTensors(tensors).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LetheError);
    expect((error as LetheError).code).toBe('invalid');
    expect((error as LetheError).message).toMatch(message);
  });
});

/** The network as PyTorch defines it, written out slowly: channels first, one image, float64. */
function pytorchForward(tensors: Tensors, image: Float32Array): number[] {
  type Planes = number[][][];
  const values = (name: string) => tensors[`module.${name}`]!.values;

  const conv = (x: Planes, name: string, stride: number): Planes => {
    const [out, into] = tensors[`module.${name}`]!.shape as [number, number];
    const w = values(name);
    const size = x[0]!.length / stride;
    return planes(out, size, (o, row, column) => {
      let sum = 0;
      for (let i = 0; i < into; i++) {
        for (let dr = 0; dr < 3; dr++) {
          for (let dc = 0; dc < 3; dc++) {
            const pixel = x[i]![row * stride + dr - 1]?.[column * stride + dc - 1] ?? 0;
            sum += pixel * w[((o * into + i) * 3 + dr) * 3 + dc]!;
          }
        }
      }
      return sum;
    });
  };
  const norm = (x: Planes, name: string): Planes =>
    planes(x.length, x[0]!.length, (c, row, column) => {
      const scale =
        values(`${name}.weight`)[c]! / Math.sqrt(values(`${name}.running_var`)[c]! + 1e-5);
      const centred = x[c]![row]![column]! - values(`${name}.running_mean`)[c]!;
      return centred * scale + values(`${name}.bias`)[c]!;
    });
  const relu = (x: Planes): Planes => x.map((p) => p.map((r) => r.map((v) => Math.max(0, v))));
  const add = (a: Planes, b: Planes): Planes =>
    planes(a.length, a[0]!.length, (c, row, column) => a[c]![row]![column]! + b[c]![row]![column]!);
  // F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, planes // 4, planes // 4))
  const shortcut = (x: Planes, out: number): Planes =>
    planes(out, x[0]!.length / 2, (c, row, column) => x[c - out / 4]?.[row * 2]?.[column * 2] ?? 0);

  const { mean, std } = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  let x = planes(3, 8, (c, row, col) => (image[(row * 8 + col) * 3 + c]! - mean[c]!) / std[c]!);
  x = relu(norm(conv(x, 'conv1.weight', 1), 'bn1'));
  for (const stage of [1, 2, 3]) {
    for (const block of [0, 1]) {
      const name = `layer${stage}.${block}`;
      const stride = stage > 1 && block === 0 ? 2 : 1;
      const inner = relu(norm(conv(x, `${name}.conv1.weight`, stride), `${name}.bn1`));
      const residual = norm(conv(inner, `${name}.conv2.weight`, 1), `${name}.bn2`);
      x = relu(add(residual, stride === 2 ? shortcut(x, 2 * x.length) : x));
    }
  }
  const pooled = x.map((plane) => plane.flat().reduce((a, b) => a + b) / plane.flat().length);
  return [0, 1, 2].map(
    (k) =>
      values('linear.bias')[k]! +
      pooled.reduce((sum, v, i) => sum + v * values('linear.weight')[k * 16 + i]!, 0),
  );
}

function planes(
  count: number,
  size: number,
  at: (c: number, row: number, column: number) => number,
) {
  const range = (n: number) => Array.from({ length: n }, (_, i) => i);
  return range(count).map((c) => range(size).map((r) => range(size).map((col) => at(c, r, col))));
}
