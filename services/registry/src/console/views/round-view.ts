import type { RoundView, VerdictView } from '@lethe/console';
import { LetheError, type Verdict } from '@lethe/contracts';
import type { LineageStore, Recorded } from '@lethe/lineage';
import { checkView } from './check-view.ts';
import type { ModelHistory } from './history-view.ts';
import { outcomeWord, timeText } from './words.ts';

/** Requests of a round that its page names; the others are counted. */
const shownRequests = 500;

/** @throws LetheError `not_found` */
export async function roundView(
  { lineage, modelHistory }: { lineage: LineageStore; modelHistory: ModelHistory },
  modelKey: string,
  sequence: number,
): Promise<RoundView> {
  const [manifest, entry] = await Promise.all([
    lineage.manifest(modelKey, sequence),
    modelHistory.round(modelKey, sequence),
  ]);
  if (manifest?.record.entry?.$case !== 'round' || entry === undefined) {
    throw new LetheError('not_found', `${modelKey} has no round ${sequence}`);
  }
  const { value: round } = manifest.record.entry;
  const verdict = await lineage.verdict(modelKey, sequence);
  const decision = await lineage.decision(modelKey, sequence);
  return {
    modelKey,
    entry,
    manifestDigest: manifest.digest,
    seed: round.seed,
    settings: round.settingsJson,
    requests: round.parts.slice(0, shownRequests).map(({ request, rows, last }) => ({
      requestId: request?.requestId ?? '',
      emitter: request?.emitter ?? '',
      samples: rows.length,
      last,
    })),
    verdict: verdict === undefined ? null : verdictView(verdict, decision?.record.decidedTime),
    decidedTime: timeText(decision?.record.decidedTime),
  };
}

function verdictView(
  { record, digest }: Recorded<Verdict>,
  decidedTime: Date | undefined,
): VerdictView {
  return {
    digest,
    outcome: outcomeWord(record.outcome),
    policyName: record.policyName,
    policyDigest: record.policyDigest,
    servedSequence: record.servedSequence,
    judgedTime: timeText(record.judgedTime ?? decidedTime),
    evaluationSets: Object.entries(record.evaluationSetDigests).map(([name, digest]) => ({
      name,
      digest,
    })),
    checks: record.checks.map(checkView),
  };
}
