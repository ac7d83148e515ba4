/**
 * The part of the WebAssembly API that we use, typed: neither TypeScript's ECMAScript library
 * nor Node's types declare it.
 */
export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi })
  .WebAssembly;

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** Of bytes it gives the compiled module too, of a compiled module the instance alone. */
type Instantiate = (
  source: ArrayBuffer | Uint8Array | object,
  imports?: object,
) => Promise<{ readonly instance: WasmInstance } | WasmInstance>;

interface WebAssemblyApi {
  readonly Memory: abstract new (...args: never[]) => WasmMemory;
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => WasmInstance;
  instantiate: Instantiate;
}
