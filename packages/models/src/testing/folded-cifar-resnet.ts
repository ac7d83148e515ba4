import { openBackend } from '@lethe/compute';
import { classifierOf } from '../classifier.ts';
import { foldBatchNorm } from '../fold-batch-norm.ts';
import { importTorchResNet } from '../pytorch/import-torch-resnet.ts';
import { countRight, logitDifference, weightFile } from './cifar-10.ts';

/** A ResNet imported from PyTorch, its batch normalisation folded, on the real test images. */
export async function foldedCifarResNet(file: string) {
  await openBackend();
  const whole = await importTorchResNet(weightFile(file));
  const folded = classifierOf(await foldBatchNorm(whole.model), whole.preprocessing);
  return {
    layers: folded.model.layers.map((layer) => layer.getClassName()),
    logitDifference: await logitDifference(whole, folded),
    right: await countRight(folded),
  };
}
