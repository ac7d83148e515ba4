/** Which engine does the arithmetic. */
export type BackendName =
  | 'native-gpu'
  | 'webgpu'
  | 'native-cpu'
  | 'wasm-simd'
  /** A GPU in software, which computes on the processor: for tests. */
  | 'webgpu-software'
  | 'js';

/** A better backend that could not be had, in words a user can act on. */
export interface AbsentBackend {
  readonly name: BackendName;
  readonly reason: string;
}

/** A compute backend of tfjs that is ready for training. */
export interface Backend {
  /** What is reported and written into manifests. */
  readonly name: BackendName;
  /** Version, threads, device, as one line for people. */
  readonly description: string;
  /** Better backends that were tried, and why each is absent. */
  readonly absent: readonly AbsentBackend[];
}

/** `auto` takes the best there is; the others insist on one. */
export const backendPreferences = ['auto', 'native', 'webgpu', 'wasm', 'js'] as const;

export type BackendPreference = (typeof backendPreferences)[number];

export interface BackendOptions {
  /**
   * Default `auto`. Pure JavaScript only comes when asked for: it is some 500 times slower. So does
   * WebGPU on a GPU in software.
   */
  readonly prefer?: BackendPreference;
  /**
   * Threads of the native backend, default all processors. Sums are taken in an order that
   * depends on it: the same seed gives the same bits only for the same number of threads.
   */
  readonly threads?: number;
}
