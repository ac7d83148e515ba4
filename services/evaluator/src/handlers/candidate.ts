import type { IncomingRecord } from '@lethe/bus';
import {
  canonicalJson,
  LetheError,
  ModelCandidate,
  ModelVerdict,
  outcomeToJSON,
  parseModelKey,
  topics,
  type Verdict,
  Outcome as VerdictOutcome,
} from '@lethe/contracts';
import type { Policy } from '@lethe/gate';
import type { Recorded } from '@lethe/lineage';
import {
  deadLetter,
  decodeEvent,
  done,
  duplicateDropped,
  encodeEvent,
  type HandlerContext,
  type Log,
  type Outcome,
  retry,
} from '@lethe/service-kit';
import type { EvidenceDeps } from '../gather-evidence.ts';
import {
  type CandidateToJudge,
  type Judged,
  judgeCandidate,
  undecided,
} from '../judge-candidate.ts';
import { countVerdict, tracedEvaluation } from '../traced-evaluation.ts';

export interface CandidateDeps extends EvidenceDeps {
  readonly policy: Policy;
  readonly log: Log;
}

/** Attempts at an evaluation whose process fails before the verdict says so. */
const failuresAllowed = 5;

/**
 * Judges the candidate of an event, once: a verdict that exists is announced again, never
 * changed. The model's log would stand still without one, so an evaluation that keeps failing
 * by itself ends in `inconclusive`.
 */
export async function handleCandidate(
  record: IncomingRecord,
  { signal, attempt, beat }: HandlerContext,
  deps: CandidateDeps,
): Promise<Outcome> {
  const event = decodeEvent(ModelCandidate, record);
  const found = await findCandidate(event, deps);
  if (typeof found === 'string') return deadLetter(found);

  const existing = await deps.lineages.verdict(event.modelKey, event.sequence);
  if (existing !== undefined) {
    duplicateDropped('evaluator');
    return announce(existing, event);
  }
  let verdict: Verdict;
  try {
    const judged = await tracedEvaluation(event, () =>
      judgeCandidate(found, deps.policy, deps, { signal, onProgress: beat }),
    );
    verdict = judged.verdict;
    await holdForgetSet(found, judged, deps);
  } catch (thrown) {
    const error = LetheError.from(thrown);
    if (signal.aborted || !failsByItself(error)) throw error;
    if (attempt < failuresAllowed) return retry(error.message);
    deps.log.error('an evaluation fails again and again', { ...placeOf(found), error });
    verdict = await undecided(found, deps.policy, error.message, deps);
  }
  return announce(await put(verdict, deps), event);
}

/** Before the verdict is written: what is promoted by it must be held by then. */
async function holdForgetSet(
  { manifest, round }: CandidateToJudge,
  { verdict, forgetSamples }: Judged,
  { held }: CandidateDeps,
): Promise<void> {
  if (verdict.outcome !== VerdictOutcome.OUTCOME_PASS || forgetSamples === undefined) return;
  const deadlines = round.parts.map(({ request }) => request?.deadline?.getTime() ?? 0);
  const set = { sequence: manifest.sequence, ...forgetSamples };
  await held.hold(manifest.modelKey, set, new Date(Math.min(...deadlines)));
}

function announce(verdict: Recorded<Verdict>, event: ModelCandidate): Outcome {
  return verdict.record.manifestDigest === event.manifestDigest
    ? done([verdictEvent(verdict)])
    : deadLetter('its sequence has a verdict about another manifest');
}

async function findCandidate(
  event: ModelCandidate,
  { lineages }: CandidateDeps,
): Promise<CandidateToJudge | string> {
  const modelKey = parseModelKey(event.modelKey);
  const registration = await lineages.registration(modelKey);
  if (registration === undefined) return 'its model is not registered';
  const manifest = await lineages.manifest(modelKey, event.sequence);
  if (manifest === undefined) return 'there is no manifest at its sequence';
  if (manifest.digest !== event.manifestDigest) return 'its manifest is another one';
  const { entry } = manifest.record;
  if (entry?.$case !== 'round') return 'its manifest is not a round';
  return {
    registration: registration.record,
    manifest: manifest.record,
    manifestDigest: manifest.digest,
    round: entry.value,
  };
}

/** The verdict that counts: ours, or that of whoever was first. */
async function put(
  verdict: Verdict,
  { lineages, policy, log }: CandidateDeps,
): Promise<Recorded<Verdict>> {
  await lineages.keepPolicy(verdict.modelKey, canonicalJson(policy));
  const outcome = await lineages.putVerdict(verdict);
  if (outcome.kind === 'committed') {
    const failed = verdict.checks.filter(({ reason, advisory }) => reason !== '' && !advisory);
    countVerdict(verdict, failed);
    log.info('a candidate was judged', {
      model: verdict.modelKey,
      sequence: verdict.sequence,
      outcome: outcomeToJSON(verdict.outcome),
      reasons: failed.map((check) => `${check.name}: ${check.reason}`),
      undecided: verdict.checks.filter(({ advisory }) => advisory).length,
    });
    return { record: verdict, digest: outcome.digest };
  }
  const theirs = await lineages.verdict(verdict.modelKey, verdict.sequence);
  if (theirs === undefined) throw new LetheError('unavailable', 'the verdict cannot be read back');
  return theirs;
}

/** Trouble that lies in the evaluation, not around it: the same again is likely to fail again. */
function failsByItself({ code }: LetheError): boolean {
  return code === 'internal' || code === 'invalid' || code === 'corrupt';
}

function placeOf({ manifest }: CandidateToJudge) {
  return { model: manifest.modelKey, sequence: manifest.sequence };
}

function verdictEvent({ record: verdict, digest }: Recorded<Verdict>) {
  return encodeEvent(
    topics.modelVerdict,
    verdict.modelKey,
    ModelVerdict,
    ModelVerdict.fromPartial({
      modelKey: verdict.modelKey,
      sequence: verdict.sequence,
      manifestDigest: verdict.manifestDigest,
      verdictDigest: digest,
      outcome: verdict.outcome,
    }),
  );
}
