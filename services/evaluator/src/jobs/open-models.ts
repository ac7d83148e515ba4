import { LetheError } from '@lethe/contracts';
import {
  type Classifier,
  decodeModel,
  findNonFinite,
  type Preprocessing,
  parseTopology,
  weightsOf,
} from '@lethe/models';

/** Which weights play which part, by digest; some may be the same. */
export interface ModelRoles {
  readonly candidate: string;
  readonly served: string;
  readonly original: string;
}

/** What can be said of weights without running them. */
export interface WeightsFacts {
  /** Digests of weights that are not all finite, with the first such value; none was run. */
  readonly nonFinite: Readonly<Record<string, string>>;
  /** Digests of bytes that are no weights of the registered network, and why; none was run. */
  readonly unreadable: Readonly<Record<string, string>>;
  /** Euclidean, relative to the length of the vector it starts from; NaN where one is missing. */
  readonly distanceFromServed: number;
  readonly distanceFromOriginal: number;
  /** Share of the candidate's weights that differ from the served ones. */
  readonly changedShare: number;
}

export interface OpenModels extends Disposable {
  readonly classifiers: ReadonlyMap<string, Classifier>;
  readonly facts: WeightsFacts;
}

export interface ModelsToOpen {
  readonly topology: Uint8Array;
  readonly preprocessing: Preprocessing;
  readonly weights: Readonly<Record<string, Uint8Array>>;
  readonly roles: ModelRoles;
}

/** Opens what is sound; what is not is a fact about it. */
export async function openModels({
  topology,
  preprocessing,
  weights,
  roles,
}: ModelsToOpen): Promise<OpenModels> {
  const classifiers = new Map<string, Classifier>();
  const arrays = new Map<string, Float32Array[]>();
  const nonFinite: Record<string, string> = {};
  const unreadable: Record<string, string> = {};
  const close = () => {
    for (const { model } of classifiers.values()) model.dispose();
  };
  try {
    const { weightSpecs } = parseTopology(topology);
    for (const [digest, bytes] of Object.entries(weights)) {
      try {
        const values = weightsOf(bytes, topology);
        arrays.set(digest, values);
        const found = findNonFinite(values, weightSpecs);
        if (found === undefined) {
          classifiers.set(digest, await decodeModel(topology, bytes, preprocessing));
        } else nonFinite[digest] = `${found.name}[${found.index}] is ${found.value}`;
      } catch (error) {
        const { code, message } = LetheError.from(error);
        if (code !== 'corrupt' && code !== 'invalid') throw error;
        unreadable[digest] = message;
      }
    }
  } catch (error) {
    close();
    throw error;
  }
  const [candidate, served, original] = [roles.candidate, roles.served, roles.original].map(
    (digest) => arrays.get(digest),
  );
  return {
    classifiers,
    facts: {
      nonFinite,
      unreadable,
      distanceFromServed: compared(candidate, served).distance,
      distanceFromOriginal: compared(candidate, original).distance,
      changedShare: compared(candidate, served).changedShare,
    },
    [Symbol.dispose]: close,
  };
}

function compared(
  a: readonly Float32Array[] | undefined,
  b: readonly Float32Array[] | undefined,
): { readonly distance: number; readonly changedShare: number } {
  if (a === undefined || b === undefined) {
    return { distance: Number.NaN, changedShare: Number.NaN };
  }
  let [squares, length, changed, count] = [0, 0, 0, 0];
  for (const [tensor, values] of a.entries()) {
    const others = b[tensor] as Float32Array;
    count += values.length;
    for (let i = 0; i < values.length; i++) {
      const other = others[i] as number;
      const difference = (values[i] as number) - other;
      if (difference !== 0) changed += 1;
      squares += difference * difference;
      length += other * other;
    }
  }
  return { distance: Math.sqrt(squares / (length || 1)), changedShare: changed / count };
}
