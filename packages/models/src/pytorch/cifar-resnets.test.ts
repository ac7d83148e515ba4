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
import { importTorchResNet } from './import-torch-resnet.ts';

describe.each([
  ['ResNet-20', 'resnet20-12fca82f.th', 9155],
  ['ResNet-32', 'resnet32-d509ac18.th', 9244],
])('%s', (name, file, expected) => {
  describe.skipIf(isAbsent(file))(onRealImages(`${name} from PyTorch`), () => {
    beforeAll(async () => {
      await openBackend();
    });

    it(`gets ${expected} right, its batch normalisation folded into its convolutions`, async () => {
      const whole = await importTorchResNet(weightFile(file));
      const folded = classifierOf(await foldBatchNorm(whole.model), whole.preprocessing);
      expect(folded.model.layers.map((layer) => layer.getClassName())).not.toContain(
        'BatchNormalization',
      );
      expect(await logitDifference(whole, folded)).toBeLessThan(1e-4);
      expect(await countRight(folded)).toBe(expected);
    }, 300_000);
  });
});
