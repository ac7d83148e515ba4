/**
 * What tfjs's WebGPU backend lacks for long runs in Node.
 *
 * 1. WebGPU reports errors on the side (a buffer that did not fit, a lost device) and computes on
 *    with zeros: after one, every read is refused, so that no wrong value leaves the device.
 * 2. Values can only be read asynchronously.
 * 3. A tensor bigger than the device can bind is refused before it is made.
 * 4. Released buffers are kept for reuse, by exact size, for good: beyond a bound they are freed.
 */
import { LetheError } from '@lethe/contracts';
import type * as tf from '@tensorflow/tfjs';
import type { AdapterInfo, Device } from './dawn.ts';

/** The parts of tfjs's WebGPU backend that it does not type publicly. */
export interface WebgpuBackend extends tf.KernelBackend {
  readonly bufferManager: BufferManager;
  readonly tensorMap: { get(dataId: object): { readonly values?: tf.BackendValues | null } };
}

interface BufferManager {
  acquireBuffer(sizeBytes: number, ...rest: unknown[]): object;
  readonly freeBuffers: Map<string, { readonly size: number; destroy(): void }[]>;
  numFreeBuffers: number;
  numBytesUsed: number;
  numBytesAllocated: number;
}

export type WebgpuBackendClass = new (device: Device, info: AdapterInfo) => WebgpuBackend;

/** Of device memory that is kept for reuse. */
const unusedBytesLimit = 2 ** 30;

/** Guards the backend in place. */
export function guardWebgpu(backend: WebgpuBackend, device: Device): void {
  guardReads(backend, device);
  refuseHugeTensors(backend.bufferManager, device.limits['maxStorageBufferBindingSize']!);
}

function guardReads(backend: WebgpuBackend, device: Device): void {
  let failure: string | undefined;
  device.addEventListener('uncapturederror', (event) => {
    // Else it is printed, with all that follows from it.
    event.preventDefault();
    failure ??= firstLine((event as unknown as { error: { message: string } }).error.message);
  });
  void device.lost.then(({ message }) => {
    failure ??= `the device was lost: ${firstLine(message)}`;
  });
  const read = backend.read.bind(backend);
  backend.read = async (dataId) => {
    const values = await read(dataId).catch((thrown: unknown) => {
      failure ??= firstLine(String(thrown));
      return undefined;
    });
    freeUnused(backend.bufferManager);
    if (failure === undefined && values !== undefined) return values;
    throw new LetheError(
      'unavailable',
      `The GPU has failed (${failure}): start another compute process; if it was memory, use smaller batches`,
    );
  };
  const readSync = backend.readSync.bind(backend);
  backend.readSync = (dataId) => {
    if (backend.tensorMap.get(dataId).values != null) return readSync(dataId);
    throw new LetheError(
      'precondition',
      'WebGPU hands out values asynchronously only: use data() in place of dataSync()',
    );
  };
}

function refuseHugeTensors(manager: BufferManager, limitBytes: number): void {
  const acquire = manager.acquireBuffer.bind(manager);
  manager.acquireBuffer = (sizeBytes, ...rest) => {
    if (sizeBytes <= limitBytes) return acquire(sizeBytes, ...rest);
    const [size, limit] = [sizeBytes, limitBytes].map((bytes) => Math.ceil(bytes / 1e6));
    throw new LetheError(
      'capacity',
      `This GPU's driver takes tensors of up to ${limit} MB and one has ${size} MB: use smaller batches`,
    );
  };
}

/** None of them is in an unsubmitted command: those are released only when it was submitted. */
function freeUnused(manager: BufferManager): void {
  if (manager.numBytesAllocated - manager.numBytesUsed <= unusedBytesLimit) return;
  for (const buffers of manager.freeBuffers.values()) {
    for (const buffer of buffers.splice(0)) {
      manager.numBytesAllocated -= buffer.size;
      manager.numFreeBuffers -= 1;
      buffer.destroy();
    }
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? '';
}
