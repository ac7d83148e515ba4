import { modeName, type RoundManifest } from '@lethe/contracts';
import type { ForgottenClass } from '@lethe/gate';
import { type LineageStore, wholeClassesOf } from '@lethe/lineage';

type ByLabel = Map<number, ForgottenClass>;

/**
 * Classes that promoted rounds of whole-class requests took away: their held-out samples are
 * meant to be lost. (In `untrain` they are not: unseen samples of the class stay recognised.)
 *
 * Remembers how far it has read; a decision before the present attempt never changes.
 */
export class ForgottenClasses {
  readonly #lineages: LineageStore;
  readonly #known = new Map<string, { through: number; classes: ByLabel }>();

  constructor(lineages: LineageStore) {
    this.#lineages = lineages;
  }

  /** Those of the promoted rounds before `manifest`, and those that it asks for itself. */
  async upTo(manifest: RoundManifest): Promise<ReadonlyMap<number, ForgottenClass>> {
    const { modelKey, sequence } = manifest;
    const known = this.#known.get(modelKey) ?? { through: 0, classes: new Map() };
    // A dry run of an old attempt reads anew: what came after it does not count.
    const seen = known.through < sequence ? known : { through: 0, classes: new Map() };
    while (seen.through < sequence - 1) {
      const taken = await this.#takenAwayBy(modelKey, seen.through + 1);
      for (const [label, mode] of taken) seen.classes.set(label, { mode, own: false });
      seen.through += 1;
    }
    if (known.through <= seen.through) this.#known.set(modelKey, seen);
    const own = classesOf(manifest).map(([label, mode]) => [label, { mode, own: true }] as const);
    return new Map([...seen.classes, ...own]);
  }

  async #takenAwayBy(modelKey: string, sequence: number): Promise<Taken> {
    const found = await this.#lineages.manifest(modelKey, sequence);
    const classes = found === undefined ? [] : classesOf(found.record);
    if (classes.length === 0) return [];
    const decision = await this.#lineages.decision(modelKey, sequence);
    return decision?.record.promoted === true ? classes : [];
  }
}

type Taken = readonly (readonly [label: number, mode: ForgottenClass['mode']])[];

function classesOf({ entry }: RoundManifest): Taken {
  if (entry?.$case !== 'round') return [];
  const mode = modeName(entry.value.mode);
  if (mode === 'untrain') return [];
  const labels = wholeClassesOf(entry.value.parts.map(({ request }) => request));
  return labels.map((label) => [label, mode]);
}
