import { canonicalJson, sha256 } from '@lethe/contracts';
import type { SetInForce } from '@lethe/datasets';
import type { HeldOutEvidence } from '@lethe/gate';
import type { ArrayCache } from './array-cache.ts';
import { concatenate } from './concatenate.ts';
import type { SetLogits } from './jobs/evaluate-job.ts';
import type { ModelRoles } from './jobs/open-models.ts';

/** What decides which rows of a set in force are looked at. */
export interface RowChoice {
  readonly modelKey: string;
  readonly trainingManifestDigest: string;
  readonly limit: number;
}

/** What is known of one gate set: its labels and rows, and logits by weights digest. */
export class KnownLogits {
  readonly inForce: SetInForce;
  readonly #cache: ArrayCache;
  readonly #key: string;
  readonly #logits = new Map<string, Float32Array>();
  #about: Pick<SetLogits, 'labels' | 'rows' | 'removed' | 'sharedWithStop' | 'copies'> | undefined;

  constructor(
    inForce: SetInForce,
    choice: RowChoice,
    wanted: readonly string[],
    cache: ArrayCache,
  ) {
    this.inForce = inForce;
    this.#cache = cache;
    const place = `:${choice.modelKey}:${inForce.set.name}:`;
    const force = `${place}${inForce.digest}:`;
    // What was said of samples that are excluded by now is kept no longer.
    cache.forget((key) => key.includes(place) && !key.includes(force));
    this.#key = `${force}${sha256(canonicalJson({ digest: inForce.set.digest, ...choice }))}`;
    const labels = cache.get(`labels${this.#key}`) as Int32Array | undefined;
    const rows = cache.get(`rows${this.#key}`) as Uint32Array | undefined;
    const counts = cache.get(`counts${this.#key}`);
    if (labels !== undefined && rows !== undefined && counts !== undefined) {
      const [removed = 0, sharedWithStop = 0] = counts;
      this.#about = { labels, rows, removed, sharedWithStop, copies: undefined };
    }
    for (const digest of wanted) {
      const known = cache.get(`${digest}${this.#key}`) as Float32Array | undefined;
      if (known !== undefined) this.#logits.set(digest, known);
    }
  }

  /** Weights that still have to see this set; with unknown labels, all of them. */
  missing(wanted: readonly string[]): readonly string[] {
    if (this.#about === undefined) return wanted;
    return wanted.filter((digest) => !this.#logits.has(digest));
  }

  learn(seen: SetLogits): void {
    this.#about = seen;
    this.#cache.set(`labels${this.#key}`, seen.labels);
    this.#cache.set(`rows${this.#key}`, seen.rows);
    this.#cache.set(`counts${this.#key}`, Int32Array.of(seen.removed, seen.sharedWithStop));
    for (const [digest, logits] of Object.entries(seen.logits)) {
      this.#logits.set(digest, logits);
      this.#cache.set(`${digest}${this.#key}`, logits);
    }
  }

  get name(): string {
    return this.inForce.set.name;
  }

  get about() {
    return this.#about;
  }

  logits(digest: string): Float32Array {
    return this.#logits.get(digest) ?? new Float32Array(0);
  }
}

/** All gate sets as one. */
export function heldOutOf(sets: readonly KnownLogits[], roles: ModelRoles): HeldOutEvidence {
  const copies = sets.flatMap(({ about }) => (about?.copies === undefined ? [] : [about.copies]));
  const logits = (digest: string) => concatenate(sets.map((set) => set.logits(digest)));
  return {
    labels: Int32Array.from(sets.flatMap(({ about }) => [...(about?.labels ?? [])])),
    candidate: logits(roles.candidate),
    served: logits(roles.served),
    original: logits(roles.original),
    parts: sets.flatMap(({ name, about }) =>
      about === undefined ? [] : [{ set: name, rows: about.rows }],
    ),
    ...(copies.length === 0
      ? {}
      : {
          copies: {
            labels: Int32Array.from(copies.flatMap(({ labels }) => [...labels])),
            candidate: {
              mirrored: concatenate(copies.map(({ candidate }) => candidate.mirrored)),
              shifted: concatenate(copies.map(({ candidate }) => candidate.shifted)),
            },
          },
        }),
  };
}
