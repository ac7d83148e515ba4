import type { SmallData } from '../unlearning/small-network.ts';

/** What a row's network is, below the data folder, or trained on the spot. */
export type SeedNetwork =
  | { readonly kind: 'torch-resnet'; readonly file: string }
  | { readonly kind: 'layers-model'; readonly folder: string }
  /** A small perceptron, trained for a few seconds: no pre-trained network is at hand. */
  | { readonly kind: 'trained-mlp' };

/** What is forgotten: random training images, or those of one class. */
export type SeedScope =
  | { readonly kind: 'instances'; readonly k: number }
  | { readonly kind: 'class'; readonly label: number };

export type SeedMeasure =
  | 'forget_accuracy'
  | 'class_accuracy'
  | 'retain_accuracy'
  | 'test_accuracy'
  | 'accuracy_retention';

/** Networks trained on the spot, as many on everything as without what is forgotten. */
export interface SeedEnsemble {
  readonly data: SmallData;
  /** Networks of each kind. */
  readonly members: number;
  /** Training images. */
  readonly train: number;
  /** Walks over them. */
  readonly epochs: number;
}

/** One line of the table of the seed: what is reported for L2UL, and how we come near to it. */
export type SeedRow = NetworkRow | EnsembleRow;

/** One network unlearns. */
export interface NetworkRow extends ReportedFigure {
  readonly measure: SeedMeasure;
  readonly network: SeedNetwork;
  readonly scope: SeedScope;
}

/** Several unlearn, and are held against others that never saw the class. */
export interface EnsembleRow extends ReportedFigure {
  readonly measure: 'u_lira';
  readonly ensemble: SeedEnsemble;
  readonly scope: Extract<SeedScope, { readonly kind: 'class' }>;
}

interface ReportedFigure {
  readonly id: string;
  readonly title: string;
  /** As reported; in percent, but `accuracy_retention` is a share. */
  readonly published: number;
  readonly data: {
    readonly kind: string;
    /** Below the data folder. */
    readonly folder: string;
    readonly testSplit: string;
    /** Where it comes from and what it looks like. */
    readonly from: string;
  };
  readonly differs: string;
}

const cifar10 = {
  kind: 'cifar10-binary',
  folder: 'cifar-10-batches-bin',
  testSplit: 'test',
  from: 'the CIFAR-10 binary version (data_batch_1.bin … test_batch.bin)',
} as const;
const resnet20 = { kind: 'torch-resnet', file: 'weights/resnet20-12fca82f.th' } as const;
const cifar100 = {
  kind: 'cifar100-binary',
  folder: 'cifar-100-binary',
  testSplit: 'test',
  from: 'the CIFAR-100 binary version (train.bin, test.bin)',
} as const;
const tinyImageNet = {
  kind: 'tiny-imagenet',
  folder: 'tiny-imagenet-200',
  testSplit: 'val',
  from: 'tiny-imagenet-200.zip of CS231n, unpacked',
} as const;
const rafDb = {
  kind: 'raf-db',
  folder: 'raf-db',
  testSplit: 'test',
  from: 'the basic set of RAF-DB (EmoLabel/, Image/aligned/)',
} as const;

const layersModel = (folder: string) => ({ kind: 'layers-model', folder }) as const;
const smaller = 'ResNet-20 instead of ResNet-18; tested on 9,980 of the 10,000 test images';
const sampled = 'at most so many images of the class are forgotten as --class-samples says';

export const seedRows: readonly SeedRow[] = [
  {
    id: 'cifar10-instances',
    title: 'CIFAR-10, random images: forget accuracy',
    measure: 'forget_accuracy',
    published: 3.28,
    data: cifar10,
    network: resnet20,
    scope: { kind: 'instances', k: 64 },
    differs: `${smaller}; one request of 64 images, one seed`,
  },
  {
    id: 'cifar10-class-retain',
    title: 'CIFAR-10, one class: retain accuracy',
    measure: 'retain_accuracy',
    published: 89.15,
    data: cifar10,
    network: resnet20,
    scope: { kind: 'class', label: 0 },
    differs: `${smaller}; ${sampled}; measured on 2,000 training images of the other classes`,
  },
  {
    id: 'cifar10-class-ulira',
    title: 'CIFAR-10, one class: U-LiRA accuracy',
    measure: 'u_lira',
    published: 85.67,
    data: cifar10,
    ensemble: { data: 'cifar-10', members: 4, train: 5000, epochs: 20 },
    scope: { kind: 'class', label: 0 },
    differs: `a small convolutional network, trained on 5,000 images for 20 epochs, four with the class and four without; ${sampled}; told on all of its images among the 5,000; 50 is chance`,
  },
  {
    id: 'cifar10-class-forget',
    title: 'CIFAR-10, one class: forget accuracy',
    measure: 'class_accuracy',
    published: 12.36,
    data: cifar10,
    network: resnet20,
    scope: { kind: 'class', label: 0 },
    differs: `${smaller}; ${sampled}; measured on 2,000 training images of the class`,
  },
  {
    id: 'mnist-class',
    title: 'MNIST, one class: accuracy retention',
    measure: 'accuracy_retention',
    published: 0.9915,
    data: {
      kind: 'mnist-idx',
      folder: 'mnist',
      testSplit: 'test',
      from: 'the idx files of MNIST',
    },
    network: { kind: 'trained-mlp' },
    scope: { kind: 'class', label: 0 },
    differs: `a perceptron of 128 units trained on the spot; ${sampled}; test accuracy on the other classes after, over before`,
  },
  {
    id: 'cifar100-class',
    title: 'CIFAR-100, one class: retain accuracy',
    measure: 'retain_accuracy',
    published: 71.56,
    data: cifar100,
    network: layersModel('weights/cifar100'),
    scope: { kind: 'class', label: 0 },
    differs: `the network is the one you bring; ${sampled}`,
  },
  {
    id: 'tiny-imagenet-forget',
    title: 'Tiny-ImageNet, removal accuracy on train',
    measure: 'class_accuracy',
    published: 23.9,
    data: tinyImageNet,
    network: layersModel('weights/tiny-imagenet'),
    scope: { kind: 'class', label: 0 },
    differs: `the network is the one you bring; ${sampled}`,
  },
  {
    id: 'tiny-imagenet-retain',
    title: 'Tiny-ImageNet, residual accuracy on train',
    measure: 'retain_accuracy',
    published: 92.69,
    data: tinyImageNet,
    network: layersModel('weights/tiny-imagenet'),
    scope: { kind: 'class', label: 0 },
    differs: `the network is the one you bring; ${sampled}`,
  },
  {
    id: 'tiny-imagenet-test',
    title: 'Tiny-ImageNet, residual accuracy on test',
    measure: 'test_accuracy',
    published: 19.1,
    data: tinyImageNet,
    network: layersModel('weights/tiny-imagenet'),
    scope: { kind: 'class', label: 0 },
    differs: `the network is the one you bring; on the validation images of the other classes; ${sampled}`,
  },
  {
    id: 'raf-db-retain',
    title: 'RAF-DB, retention on train',
    measure: 'retain_accuracy',
    published: 99.99,
    data: rafDb,
    network: layersModel('weights/raf-db'),
    scope: { kind: 'instances', k: 64 },
    differs: 'the network is the one you bring; one request of 64 images',
  },
];
