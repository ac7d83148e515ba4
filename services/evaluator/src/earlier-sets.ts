import { modeName } from '@lethe/contracts';
import type { ForgetEvidence, Policy } from '@lethe/gate';
import type { ArrayCache } from './array-cache.ts';
import type { Candidate, EvidenceDeps } from './gather-evidence.ts';
import type { HeldSet } from './held/held-sets.ts';
import type { ModelRoles } from './jobs/open-models.ts';

/** A forget set that is still held, and what is known of it. */
export class EarlierSet {
  /** Names the set in the job; no evaluation set is called so. */
  readonly name: string;
  readonly samples: { readonly values: Float32Array; readonly labels: Int32Array };
  readonly #about: Pick<ForgetEvidence, 'sequence' | 'mode' | 'targets'>;
  readonly #wanted: readonly string[];
  readonly #cache: ArrayCache;
  readonly #logits = new Map<string, Float32Array>();

  constructor(
    modelKey: string,
    { sequence, values, labels }: HeldSet,
    about: { readonly mode: ForgetEvidence['mode']; readonly target: number | undefined },
    wanted: readonly string[],
    cache: ArrayCache,
  ) {
    this.name = `:held:${modelKey}:${sequence}`;
    this.samples = { values, labels };
    const { mode, target } = about;
    this.#about = {
      sequence,
      mode,
      ...(target === undefined ? {} : { targets: labels.map(() => target) }),
    };
    this.#wanted = wanted;
    this.#cache = cache;
    for (const digest of wanted) {
      const known = cache.get(`${digest}${this.name}`);
      if (known !== undefined) this.#logits.set(digest, known as Float32Array);
    }
  }

  missing(): readonly string[] {
    return this.#wanted.filter((digest) => !this.#logits.has(digest));
  }

  learn(logits: Readonly<Record<string, Float32Array>>): void {
    for (const [digest, seen] of Object.entries(logits)) {
      this.#logits.set(digest, seen);
      this.#cache.set(`${digest}${this.name}`, seen);
    }
  }

  evidence(roles: ModelRoles): ForgetEvidence {
    const logits = (digest: string) => this.#logits.get(digest) ?? new Float32Array(0);
    return {
      ...this.#about,
      labels: this.samples.labels,
      candidate: logits(roles.candidate),
      served: logits(roles.served),
      original: logits(roles.original),
    };
  }
}

/** Held forget sets of promoted rounds before the candidate, newest first up to the policy's number, oldest first. */
export async function earlierSets(
  { registration, manifest }: Candidate,
  wanted: readonly string[],
  { maxEarlierSamples }: Policy,
  { held, lineages, cache }: EvidenceDeps,
): Promise<readonly EarlierSet[]> {
  const { modelKey } = registration;
  const places = await held.list(modelKey);
  const sets: EarlierSet[] = [];
  let room = maxEarlierSamples;
  for (const place of places.toReversed()) {
    if (place.sequence >= manifest.sequence || place.sampleCount > room) continue;
    const decision = await lineages.decision(modelKey, place.sequence);
    if (decision?.record.promoted !== true) continue;
    const entry = (await lineages.manifest(modelKey, place.sequence))?.record.entry;
    const set = await held.read(place);
    if (entry?.$case !== 'round' || set === undefined) continue;
    room -= place.sampleCount;
    const about = {
      mode: modeName(entry.value.mode),
      target: entry.value.parts[0]?.request?.relabelTo,
    };
    sets.push(new EarlierSet(modelKey, set, about, wanted, cache));
  }
  return sets.reverse();
}
