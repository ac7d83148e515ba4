import type { OutgoingRecord } from '@lethe/bus';
import { type Decision, type Digest, LetheError, type ModelVerdict } from '@lethe/contracts';
import type { LineageStore, Serving } from '@lethe/lineage';
import { type Clock, duplicateDropped, type Log } from '@lethe/service-kit';
import { addSpanEvent, count } from '@lethe/telemetry';
import { checkEvidence, type JudgedCandidate } from '../domain/check-evidence.ts';
import { decisionEvents } from '../domain/decision-events.ts';
import { makeDecision, pointerTo } from '../domain/make-decision.ts';
import { type Ruling, ruleOn } from '../domain/rule.ts';
import type { Recorder } from '../evidence/recorder.ts';
import { isQuarantined } from '../release/quarantine.ts';
import type { ServingBoard } from '../serving/serving-board.ts';
import { tellDecision } from './tell-decision.ts';

/** Lost races for one pointer after which the record is handled anew. */
const maxRaces = 32;

interface Recorded {
  readonly record: Decision;
  readonly digest: Digest;
}

/**
 * Ends candidates: the pointer by compare-and-set (the commit point), then the decision
 * (put-if-absent), then certificates and audit entries, then the events. Any number of these may work at once, and each may die after
 * any step: a decision that exists is final, and a pointer that points to the candidate says that
 * it was promoted.
 */
export class Promoter {
  readonly #lineage: LineageStore;
  readonly #board: ServingBoard;
  readonly #recorder: Recorder;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(options: {
    lineage: LineageStore;
    board: ServingBoard;
    recorder: Recorder;
    clock: Clock;
    log: Log;
  }) {
    this.#recorder = options.recorder;
    this.#lineage = options.lineage;
    this.#board = options.board;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /**
   * Decides on the candidate of a verdict, once; the records that tell of it.
   *
   * @throws LetheError `corrupt` when event, verdict and manifest do not belong together;
   *   `unavailable`: handle it again
   */
  async settle(event: ModelVerdict): Promise<OutgoingRecord[]> {
    const { modelKey, sequence } = event;
    const candidate = checkEvidence(
      event,
      await this.#lineage.manifest(modelKey, sequence),
      await this.#lineage.verdict(modelKey, sequence),
    );
    const known = await this.#lineage.decision(modelKey, sequence);
    if (known !== undefined) duplicateDropped('registry');
    const decision = known ?? (await this.#decide(candidate));
    await this.#recorder.decided(candidate, decision);
    return decisionEvents(decision.record, decision.digest, candidate.round);
  }

  async #decide(candidate: JudgedCandidate): Promise<Recorded> {
    const { modelKey, sequence } = candidate.manifest.record;
    const ruling = await this.#rule(candidate);
    if (ruling.kind !== 'refuse') await this.#observe(modelKey, sequence);
    const decision = makeDecision(candidate, ruling, this.#clock.now());
    const outcome = await this.#lineage.putDecision(decision);
    this.#log.info(decision.promoted ? 'promoted' : 'refused', {
      modelKey,
      sequence,
      reason: decision.reason,
      explanation: decision.explanation,
    });
    if (outcome.kind === 'committed') {
      tellDecision(decision, candidate.round);
      return { record: decision, digest: outcome.digest };
    }
    const first = await this.#lineage.decision(modelKey, sequence);
    if (first !== undefined) return first;
    throw new LetheError('unavailable', `decision ${modelKey} ${sequence} cannot be read back`);
  }

  /** Rules, and moves the pointer where the ruling is to promote. */
  async #rule(candidate: JudgedCandidate): Promise<Ruling> {
    const { modelKey, sequence } = candidate.manifest.record;
    for (let race = 0; race < maxRaces; race++) {
      const serving = await this.#board.current(modelKey);
      const ruling = ruleOn(candidate.verdict.record, serving.pointer, {
        parentSequence: candidate.round.parentSequence,
        isQuarantined: await isQuarantined(this.#lineage, modelKey, sequence),
      });
      if (ruling.kind !== 'promote' || (await this.#move(candidate, serving))) return ruling;
    }
    throw new LetheError('unavailable', `the serving pointer of ${modelKey} moves all the time`);
  }

  async #move(candidate: JudgedCandidate, { pointer, etag }: Serving): Promise<boolean> {
    const next = pointerTo(candidate, pointer, this.#clock.now());
    const { kind } = await this.#lineage.moveServing(next, etag);
    if (kind === 'moved') this.#board.announce(next.modelKey);
    else {
      count('lethe.serving.conflicts', { model: next.modelKey });
      addSpanEvent('serving pointer was moved by another');
    }
    return kind === 'moved';
  }

  /** P3: what others read is what counts, not what was written. */
  async #observe(modelKey: string, sequence: number): Promise<void> {
    const serving = await this.#lineage.serving(modelKey);
    if (serving?.pointer.sequence === sequence) return;
    const seen = serving?.pointer.sequence ?? 'nothing';
    throw new LetheError(
      'unavailable',
      `version ${sequence} of ${modelKey} was promoted, but ${seen} is seen serving`,
    );
  }
}
