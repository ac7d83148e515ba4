import { type DatasetSource, LetheError } from '@lethe/contracts';
import type { Dataset } from './dataset.ts';
import { openCifar10, openCifar100 } from './layouts/cifar-binary.ts';
import { openImageFolder } from './layouts/image-folder.ts';
import { openMnist } from './layouts/mnist-idx.ts';
import { openNpz } from './layouts/npz.ts';
import { openRafDb } from './layouts/raf-db.ts';
import { openSynthetic } from './layouts/synthetic.ts';
import { openTinyImageNet } from './layouts/tiny-imagenet.ts';
import { type SampleLayout, StoredDataset } from './stored-dataset.ts';

const layouts: Readonly<Record<string, (source: DatasetSource) => Promise<SampleLayout>>> = {
  'cifar10-binary': openCifar10,
  'cifar100-binary': openCifar100,
  'mnist-idx': openMnist,
  'image-folder': openImageFolder,
  'tiny-imagenet': openTinyImageNet,
  'raf-db': openRafDb,
  npz: openNpz,
  synthetic: openSynthetic,
};

/** Kinds of data sets that {@link openDataset} knows. */
export const datasetKinds: readonly string[] = Object.keys(layouts);

/**
 * Opens a data set for reading; whoever opens it disposes of it.
 * @throws LetheError `invalid` (unknown kind, split or option, damaged or foreign file), `not_found`
 * or `precondition` (files that cannot be read), each naming the file and the remedy
 */
export async function openDataset(source: DatasetSource): Promise<Dataset> {
  const open = Object.hasOwn(layouts, source.kind) ? layouts[source.kind] : undefined;
  if (open === undefined) {
    throw LetheError.invalid(
      'kind',
      source.kind,
      'there is no such kind of data set',
      `Use one of ${datasetKinds.join(', ')}.`,
    );
  }
  const layout = await open(source);
  return new StoredDataset(layout);
}
