/** A compute backend of tfjs that is ready for training. */
export interface Backend {
  /** What is reported and written into manifests. */
  readonly name: 'native-gpu' | 'native-cpu' | 'wasm-simd' | 'js';
  /** Version, threads, device, as one line for people. */
  readonly description: string;
  /** Better backends that were tried, and why each is absent. */
  readonly absent: readonly { readonly name: string; readonly reason: string }[];
}
