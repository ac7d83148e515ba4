import { LetheError } from '@lethe/contracts';
import {
  type AbsentBackend,
  type Backend,
  type BackendOptions,
  type BackendPreference,
  backendPreferences,
} from './backend.ts';
import type { OpenAttempt } from './open-attempt.ts';
import type { WantedAdapter } from './webgpu-backend.ts';

type Opener = (options: BackendOptions) => Promise<OpenAttempt>;

/** Loaded when asked for: who has processes compute for it does without the 50 MB of tfjs. */
const native: Opener = async (options) =>
  (await import('./native-backend.ts')).openNativeBackend(options);
/** The native backend where it computes on a GPU; else it has to wait for its turn. */
const nativeGpu: Opener = async (options) => {
  const attempt = await native(options);
  if (attempt.kind === 'open' && attempt.backend.name === 'native-gpu') return attempt;
  const absent = attempt.kind === 'open' ? attempt.backend.absent : attempt.absent;
  return { kind: 'absent', absent: absent.filter(({ name }) => name === 'native-gpu') };
};
const webgpu =
  (wanted: WantedAdapter): Opener =>
  async () =>
    (await import('./webgpu-backend.ts')).openWebgpuBackend(wanted);
const wasm: Opener = async () => (await import('./wasm-backend.ts')).openWasmBackend();
const js: Opener = async () => (await import('./js-backend.ts')).openJsBackend();

const candidates: Record<BackendPreference, readonly Opener[]> = {
  auto: [nativeGpu, webgpu('gpu'), native, wasm],
  native: [native],
  webgpu: [webgpu('any')],
  wasm: [wasm],
  js: [js],
};

let opened: { readonly prefer: BackendPreference; readonly backend: Promise<Backend> } | undefined;

/**
 * Opens the best available backend and makes it the one of this process: tfjs has one engine
 * per process, so a second call gets the same backend, and a wish for another is refused.
 *
 * @throws LetheError `invalid` for an unknown preference, `precondition` when the wanted
 *   backend is not to be had or another one is already open.
 */
export function openBackend(options: BackendOptions = {}): Promise<Backend> {
  const prefer = options.prefer ?? 'auto';
  if (!backendPreferences.includes(prefer)) {
    return Promise.reject(
      LetheError.invalid(
        'backend',
        prefer,
        'there is no such compute backend',
        `Use one of ${backendPreferences.join(', ')}.`,
      ),
    );
  }
  if (opened === undefined) {
    opened = { prefer, backend: openFirst(prefer, options) };
    opened.backend.catch(() => {
      opened = undefined;
    });
    return opened.backend;
  }
  return sameOrRefused(prefer, opened);
}

async function openFirst(prefer: BackendPreference, options: BackendOptions): Promise<Backend> {
  const absent: AbsentBackend[] = [];
  for (const open of candidates[prefer]) {
    const attempt = await open(options);
    if (attempt.kind === 'open') {
      return { ...attempt.backend, absent: eachOnce([...absent, ...attempt.backend.absent]) };
    }
    absent.push(...attempt.absent);
  }
  const reasons = eachOnce(absent)
    .map(({ name, reason }) => `${name}: ${reason}`)
    .join('; ');
  throw new LetheError('precondition', `No ${prefer} compute backend can be opened (${reasons})`);
}

function eachOnce(absent: readonly AbsentBackend[]): AbsentBackend[] {
  return [...new Map(absent.map((one) => [one.name, one])).values()];
}

async function sameOrRefused(
  prefer: BackendPreference,
  first: NonNullable<typeof opened>,
): Promise<Backend> {
  const backend = await first.backend;
  if (prefer === 'auto' || prefer === first.prefer || satisfies(backend, prefer)) return backend;
  throw new LetheError(
    'precondition',
    `The ${prefer} compute backend cannot be opened: this process already computes with ${backend.name}; start another process`,
  );
}

function satisfies(backend: Backend, prefer: BackendPreference): boolean {
  switch (prefer) {
    case 'auto':
      return true;
    case 'native':
      return backend.name === 'native-cpu' || backend.name === 'native-gpu';
    case 'webgpu':
      return backend.name === 'webgpu' || backend.name === 'webgpu-software';
    case 'wasm':
      return backend.name === 'wasm-simd';
    case 'js':
      return backend.name === 'js';
    default:
      return prefer satisfies never;
  }
}
