import type { CheckView, RoundView, VerdictView } from '@lethe/console';
import { type Check, LetheError, type Verdict } from '@lethe/contracts';
import { intervalRange, metricNames, metricOf } from '@lethe/gate';
import type { LineageStore, Recorded } from '@lethe/lineage';
import type { ModelHistory } from './history-view.ts';
import { figure, outcomeWord, timeText } from './words.ts';

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

function checkView(check: Check): CheckView {
  const name = metricNames.find((each) => each === check.metric);
  const metric = name === undefined ? undefined : metricOf(name);
  return {
    name: check.name,
    outcome: outcomeWord(check.outcome),
    advisory: check.advisory,
    reason: check.reason,
    explanation: check.explanation,
    title: metric?.title ?? '',
    unit: metric?.unit ?? '',
    value: figure(check.value),
    low: figure(check.low),
    high: figure(check.high),
    intervalLow: figure(check.intervalLow),
    intervalHigh: figure(check.intervalHigh),
    intervalMethod: check.intervalMethod,
    plotRange: plotRange(check),
    sampleCount: check.sampleCount,
    adjustedPValue: figure(check.adjustedPValue),
    observed: figure(check.observed),
    reference: figure(check.reference),
    pooledSequences: check.pooledSequences,
  };
}

function plotRange({ value, intervalLow, intervalHigh, low, high, intervalMethod }: Check) {
  const figures = [value, intervalLow, intervalHigh, low, high];
  if (intervalMethod === '' || !figures.every(Number.isFinite)) return null;
  return intervalRange({ value, interval: [intervalLow, intervalHigh], bounds: [low, high] });
}
