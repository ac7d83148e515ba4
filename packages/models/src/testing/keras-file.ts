/** Writes what Keras's model.save('x.h5') writes, for tests. */
import * as h5wasm from 'h5wasm';

export interface TestWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array | Int32Array;
}

export interface TestKerasModel {
  /** Left out: a file of save_weights. */
  readonly modelConfig?: unknown;
  readonly layers: readonly (readonly [string, readonly TestWeight[]])[];
  /** Splits the list of layer names over several attributes, as Keras does when it is long. */
  readonly splitNames?: boolean;
}

export async function kerasFile(model: TestKerasModel): Promise<Uint8Array> {
  const library = await h5wasm.ready;
  const file = new h5wasm.File('test.h5', 'w');
  const names = model.layers.map(([name]) => name);
  const root = model.modelConfig === undefined ? file : file.create_group('model_weights');
  if (model.modelConfig !== undefined) {
    file.create_attribute('model_config', JSON.stringify(model.modelConfig));
  }
  if (model.splitNames) {
    for (const [i, name] of names.entries()) root.create_attribute(`layer_names${i}`, [name]);
  } else {
    root.create_attribute('layer_names', names);
  }
  for (const [name, weights] of model.layers) {
    const group = root.create_group(name);
    if (weights.length > 0) {
      const weightNames = weights.map((weight) => weight.name);
      group.create_attribute('weight_names', weightNames);
    }
    for (const weight of weights) {
      const folders = weight.name.split('/');
      const dataset = folders.pop()!;
      let parent: h5wasm.Group = group;
      for (const folder of folders) {
        const known = parent.get(folder);
        parent = known instanceof h5wasm.Group ? known : parent.create_group(folder);
      }
      parent.create_dataset({ name: dataset, data: weight.values, shape: [...weight.shape] });
    }
  }
  file.close();
  const bytes = library.FS.readFile('test.h5') as unknown as Uint8Array;
  library.FS.unlink('test.h5');
  return bytes.slice();
}
