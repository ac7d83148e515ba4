import { describe, expect, it } from 'vitest';
import { isAbsent, onRealImages } from '../testing/cifar-10.ts';
import { foldedCifarResNet } from '../testing/folded-cifar-resnet.ts';

const file = 'resnet32-d509ac18.th';

describe.skipIf(isAbsent(file))(onRealImages('ResNet-32 from PyTorch'), () => {
  it('gets 9244 right, its batch normalisation folded into its convolutions', async () => {
    const found = await foldedCifarResNet(file);
    expect(found.layers).not.toContain('BatchNormalization');
    expect(found.logitDifference).toBeLessThan(1e-4);
    expect(found.right).toBe(9244);
  });
});
