import { describe, expect, it } from 'vitest';
import { isAbsent, onRealImages } from '../testing/cifar-10.ts';
import { foldedCifarResNet } from '../testing/folded-cifar-resnet.ts';

const file = 'resnet20-12fca82f.th';

describe.skipIf(isAbsent(file))(onRealImages('ResNet-20 from PyTorch'), () => {
  it('gets 9155 right, its batch normalisation folded into its convolutions', async () => {
    const found = await foldedCifarResNet(file);
    expect(found.layers).not.toContain('BatchNormalization');
    expect(found.logitDifference).toBeLessThan(1e-4);
    expect(found.right).toBe(9155);
  });
});
