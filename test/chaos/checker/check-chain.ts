import type { Entry, LineageRecord, Stored, Verdict } from './lineage-record.ts';

/**
 * Promise P2 and the shape of a log: one chain without forks or gaps, every promotion on a
 * passing verdict about exactly those weights and made against the model that served then, and
 * a pointer to the last promotion.
 */
export function checkChain(
  lineage: LineageRecord,
  objects: ReadonlyMap<string, Uint8Array>,
  blobs: ReadonlyMap<string, string>,
): string[] {
  const violations: string[] = [];
  const { modelKey, entries, serving } = lineage;
  const fail = (sequence: number, what: string) =>
    violations.push(`${modelKey} ${sequence} ${what}`);

  let head = { sequence: 0, weightsDigest: lineage.registration.weightsDigest };
  let promotion: Entry | undefined;
  let promotions = 0;
  for (const entry of entries) {
    const { sequence, manifest, decision } = entry;
    if (manifest.modelKey !== modelKey || manifest.sequence !== sequence) {
      fail(sequence, 'does not say where it lies');
    }
    const made = manifest.round ?? manifest.escalation ?? manifest.duplicates;
    if (made === undefined) {
      fail(sequence, 'is of a kind that nothing here makes: no round, escalation or duplicates');
      continue;
    }
    const { parentSequence: parent = 0 } = made;
    if (parent !== head.sequence) {
      fail(sequence, `forks: it starts from ${parent}, last promoted is ${head.sequence}`);
    }
    if (manifest.round === undefined) continue;
    if (manifest.round.parentWeightsDigest !== head.weightsDigest) {
      fail(sequence, 'forks: it starts from other weights than were promoted last');
    }
    if (decision === undefined) {
      if (sequence < entries.length) fail(sequence, 'has successors and no decision');
      continue;
    }
    if (decision.record.manifestDigest !== entry.manifestDigest) {
      fail(sequence, 'was overwritten: its decision is about another manifest');
    }
    if (decision.record.promoted !== true) continue;
    for (const wrong of wrongOfPromotion(entry, head.sequence)) fail(sequence, wrong);
    promotions += 1;
    promotion = entry;
    head = { sequence, weightsDigest: manifest.round.weightsDigest };
  }
  for (const key of unreachable(lineage, objects)) violations.push(`${key} lies beyond a gap`);

  if ((serving?.sequence ?? 0) !== head.sequence || serving?.weightsDigest !== head.weightsDigest) {
    fail(serving?.sequence ?? 0, `is served, but ${head.sequence} was promoted last`);
  }
  if (serving !== undefined && serving.generation !== promotions + 1) {
    fail(head.sequence, `is generation ${serving.generation} after ${promotions} promotions`);
  }
  if (promotion !== undefined && serving !== undefined) {
    if (serving.manifestDigest !== promotion.manifestDigest) {
      fail(head.sequence, 'is served under the digest of another manifest');
    }
    if (serving.verdictDigest !== promotion.verdict?.digest) {
      fail(head.sequence, 'is served under the digest of another verdict');
    }
  }
  if (blobs.get(head.weightsDigest) !== head.weightsDigest) {
    fail(head.sequence, 'is served, and its weights are missing or damaged');
  }
  return violations;
}

function* wrongOfPromotion(entry: Entry, parent: number): Generator<string> {
  const { verdict, decision, manifest, manifestDigest } = entry;
  if (verdict === undefined) return yield 'was promoted without a verdict';
  if (decision?.record.verdictDigest !== verdict.digest) {
    yield 'was promoted on another verdict than the one that is stored';
  }
  yield* wrongOfVerdict(verdict, manifestDigest, manifest.round?.weightsDigest);
  if ((verdict.record.servedSequence ?? 0) !== parent) {
    yield `was judged against ${verdict.record.servedSequence ?? 0}, but ${parent} served`;
  }
}

function* wrongOfVerdict(
  { record }: Stored<Verdict>,
  manifestDigest: string,
  weightsDigest: string | undefined,
): Generator<string> {
  if (record.outcome !== 'OUTCOME_PASS') yield `was promoted on the verdict ${record.outcome}`;
  if (record.manifestDigest !== manifestDigest) yield 'was promoted; another manifest was judged';
  if (record.weightsDigest !== weightsDigest) yield 'was promoted; other weights were judged';
}

/** Manifests, verdicts, decisions after the first missing manifest. */
function unreachable(
  { modelKey, entries }: LineageRecord,
  objects: ReadonlyMap<string, Uint8Array>,
): string[] {
  const pattern = new RegExp(
    `^models/${modelKey}/(?:manifests|verdicts|decisions)/(\\d{10})\\.json$`,
  );
  return [...objects.keys()].filter((key) => Number(pattern.exec(key)?.[1] ?? 0) > entries.length);
}
