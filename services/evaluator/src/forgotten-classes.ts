import { Mode, type RoundManifest } from '@lethe/contracts';
import type { ForgottenBy } from '@lethe/gate';
import { type LineageStore, wholeClassesOf } from '@lethe/lineage';

/**
 * Classes that promoted rounds of whole-class requests took away: their held-out samples are
 * meant to be lost. (Rounds in `untrain` are of versions that led the samples of a class to where
 * unseen ones stand, and left those recognised.)
 *
 * Remembers how far it has read; a decision before the present attempt never changes.
 */
export class ForgottenClasses {
  readonly #lineages: LineageStore;
  readonly #known = new Map<string, { through: number; classes: Set<number> }>();

  constructor(lineages: LineageStore) {
    this.#lineages = lineages;
  }

  /** Those of the promoted rounds before `manifest`, and those that it asks for itself. */
  async upTo(manifest: RoundManifest): Promise<ReadonlyMap<number, ForgottenBy>> {
    const { modelKey, sequence } = manifest;
    const known = this.#known.get(modelKey) ?? { through: 0, classes: new Set<number>() };
    // A dry run of an old attempt reads anew: what came after it does not count.
    const seen = known.through < sequence ? known : { through: 0, classes: new Set<number>() };
    while (seen.through < sequence - 1) {
      const { labels, instead } = await this.#takenAwayBy(modelKey, seen.through + 1);
      if (instead !== undefined) seen.classes.delete(instead);
      for (const label of labels) seen.classes.add(label);
      seen.through += 1;
    }
    if (known.through <= seen.through) this.#known.set(modelKey, seen);
    const { labels, instead } = takenAwayBy(manifest);
    const classes = new Map<number, ForgottenBy>();
    for (const label of seen.classes) {
      classes.set(label, label === instead ? 'given again' : 'earlier rounds');
    }
    for (const label of labels) classes.set(label, 'this round');
    return classes;
  }

  async #takenAwayBy(modelKey: string, sequence: number): Promise<Taken> {
    const found = await this.#lineages.manifest(modelKey, sequence);
    const taken = found === undefined ? nothing : takenAwayBy(found.record);
    if (taken.labels.length === 0) return nothing;
    const decision = await this.#lineages.decision(modelKey, sequence);
    return decision?.record.promoted === true ? taken : nothing;
  }
}

interface Taken {
  readonly labels: readonly number[];
  /** The label that their samples are given, which is none of a lost class from then on. */
  readonly instead: number | undefined;
}

const nothing: Taken = { labels: [], instead: undefined };

function takenAwayBy({ entry }: RoundManifest): Taken {
  if (entry?.$case !== 'round' || entry.value.mode === Mode.MODE_UNTRAIN) return nothing;
  const requests = entry.value.parts.map(({ request }) => request);
  const labels = wholeClassesOf(requests);
  return labels.length === 0 ? nothing : { labels, instead: requests[0]?.relabelTo };
}
