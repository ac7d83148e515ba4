import { openBackend } from '@lethe/compute';
import { beforeAll, describe, expect, it } from 'vitest';
import { classifierOf } from '../classifier.ts';
import { foldBatchNorm } from '../fold-batch-norm.ts';
import {
  countRight,
  isAbsent,
  logitDifference,
  onRealImages,
  weightFile,
} from '../testing/cifar-10.ts';
import { importKeras } from './import-keras.ts';

const file = 'mlperf_tiny_resnet8.h5';

describe.skipIf(isAbsent(file))(onRealImages('ResNet-8 of MLPerf Tiny from Keras'), () => {
  beforeAll(async () => {
    await openBackend();
  });

  it('gets 87.20 % (8,703) right, its batch normalisation folded into its convolutions', async () => {
    const whole = await importKeras(weightFile(file), {
      preprocessing: { scale: 255, mean: [0], std: [1] },
    });
    const folded = classifierOf(await foldBatchNorm(whole.model), whole.preprocessing);
    expect(folded.model.layers.map((layer) => layer.getClassName())).not.toContain(
      'BatchNormalization',
    );
    expect(await logitDifference(whole, folded)).toBeLessThan(1e-4);
    expect(await countRight(folded)).toBe(8703);
  }, 300_000);
});
