import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `cpu`: two thirds of a gigabyte. `gpu`: CUDA 12.3 and cuDNN 8.9 too, four gigabytes. */
export type Variant = 'cpu' | 'gpu';

/** A Python wheel whose bytes are known. */
export interface Wheel {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

export const tfjsVersion = '4.22.0';

/** Newer ones return 0 from `tf.round` of int32 without a word (2.17 and later). */
const tensorflowVersion = '2.16.2';

export const packageName = '@tensorflow/tfjs-node-gpu';

/** What libtensorflow was linked against: the extra `and-cuda` of that wheel. */
const cuda: readonly Wheel[] = [
  wheel(
    'nvidia-cublas-cu12',
    '12.3.4.1',
    '9b25b27bd5a5be1cc7e83a7b8004258daa338800798e22986e5b67ee06f0859d',
  ),
  wheel(
    'nvidia-cuda-cupti-cu12',
    '12.3.101',
    '7b984288af7db1faa1e6f1803db075d4350116b72a98d4be0e88d604dc812c0e',
  ),
  wheel(
    'nvidia-cuda-nvcc-cu12',
    '12.3.107',
    'a3344b94f5e89023fa17e0bbf8fb0dd26d5ef6f4091a5aab08f215e4999eac62',
  ),
  wheel(
    'nvidia-cuda-nvrtc-cu12',
    '12.3.107',
    '4db66788a37a234304a0b3203744f9a6c665f48bde65f69a096ae3b5799b5b1d',
  ),
  wheel(
    'nvidia-cuda-runtime-cu12',
    '12.3.101',
    '04604679ddca6acb96c76a7a9306282cddc16981f92e148e2dfe227078883cda',
  ),
  wheel(
    'nvidia-cudnn-cu12',
    '8.9.7.29',
    'adf4f59ed7a1341103822ed8df6e144f4d47ea8b10d9bf0ea0047ba738fd7b02',
  ),
  wheel(
    'nvidia-cufft-cu12',
    '11.0.12.1',
    '3b2c85d24d7dcc578720fdf39e2823950b5857e85164c3c1dc97184a8a8e0398',
  ),
  wheel(
    'nvidia-curand-cu12',
    '10.3.4.107',
    'd798db82ae445cf1d8bf6af9ca3bd6bb6cc87753c229a441cf8d2597b09332e5',
  ),
  wheel(
    'nvidia-cusolver-cu12',
    '11.5.4.101',
    '783a3279553feaf8e47af12cab1fa769ffd5e644ea876db3dc2252f35f9bf256',
  ),
  wheel(
    'nvidia-cusparse-cu12',
    '12.2.0.103',
    'fe9e17daf406c98c28fbc8bcf785ecd4db301bf02ce626de6aa1046de66f84bd',
  ),
  wheel(
    'nvidia-nccl-cu12',
    '2.19.3',
    'a9734707a2c96443331c1e48c717024aa6678a0e2a4cb66b2c364d18cee6b48d',
  ),
  wheel(
    'nvidia-nvjitlink-cu12',
    '12.3.101',
    '64335a8088e2b9d196ae8665430bc6a2b7e6ef2eb877a9c735c804bd4ff6467c',
  ),
];

/** Wheels for Linux on x86-64, Python 3.11 (no Python of that version is needed). */
export const wheels: Record<Variant, readonly Wheel[]> = {
  cpu: [
    wheel(
      'tensorflow-cpu',
      tensorflowVersion,
      'c855cb6bf05d32dd5928086b03a5f6b4189b63c22b95e017703cbee4291023ca',
    ),
  ],
  gpu: [
    wheel(
      'tensorflow',
      tensorflowVersion,
      'd8798dea8e2281b4a0b569d9c00e7949c0090509be363da271e1ef21828bffae',
    ),
    ...cuda,
  ],
};

/** Needed while building; about half of it stays. */
export const diskBytes: Record<Variant, number> = { cpu: 1.2e9, gpu: 8e9 };

export const checkout = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Where packages/compute looks for it. Not in node_modules, which npm empties of what it did not
 * put there; it still finds the checkout's own tfjs from here.
 */
export const installedPath = join(checkout, 'packages/compute/native/node_modules', packageName);

/** Outside the checkout, so that it serves every checkout and outlives `git clean`. */
export function cachePath(variant: Variant): string {
  const root = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(root, 'lethe', 'native', `${tfjsVersion}-${tensorflowVersion}-${variant}`);
}

function wheel(name: string, version: string, sha256: string): Wheel {
  return { name, version, sha256 };
}
