import type { History, HistoryEntry, RoundEntry } from '@lethe/console';
import type { Decision, Round, RoundManifest, Verdict } from '@lethe/contracts';
import {
  type LineageStore,
  logPrefix,
  modelPrefix,
  newestSequence,
  sequenceOfKey,
} from '@lethe/lineage';
import { traceIdOf } from '@lethe/telemetry';
import { versionState } from '../../release/version-state.ts';
import type { ServingBoard } from '../../serving/serving-board.ts';
import { figure, modeWord, outcomeWord, timeText } from './words.ts';

export interface HistoryContext {
  readonly lineage: LineageStore;
  readonly board: ServingBoard;
  /** Whether weights that were superseded then may be kept no longer. */
  readonly isPurgeDue: (decided: Date) => boolean;
}

/** What the records of one sequence say, but for what may still change. */
export interface HistoryRecord {
  readonly entry: HistoryEntry;
  readonly verdict: Pick<Verdict, 'outcome'> | undefined;
  readonly decision: Pick<Decision, 'promoted' | 'decidedTime'> | undefined;
}

const remembered = 20_000;
/** Sequences that are read at the same time. */
const window = 32;

/** A model's log as a history: what was tried, what became of it, and what came undone. */
export class ModelHistory {
  readonly #context: HistoryContext;
  /** Of settled entries: their records are immutable. */
  readonly #settled = new Map<string, HistoryRecord>();

  constructor(context: HistoryContext) {
    this.#context = context;
  }

  /** @param before sequence; 0: from the newest on */
  async page(modelKey: string, before: number, limit: number): Promise<History> {
    const { lineage, board } = this.#context;
    const { pointer } = await board.current(modelKey);
    const newest =
      before === 0 ? await newestSequence(lineage, modelKey, pointer.sequence) : before - 1;
    const oldest = Math.max(1, newest - limit + 1);
    const marks = await this.#marks(modelKey, oldest);
    const entries: HistoryEntry[] = [];
    for (let from = newest; from >= oldest; from -= window) {
      const sequences = range(from, Math.max(oldest, from - window + 1));
      const records = await Promise.all(sequences.map((each) => this.record(modelKey, each)));
      for (const record of records) {
        if (record !== undefined) entries.push(this.#complete(record, pointer.sequence, marks));
      }
    }
    return { servingSequence: pointer.sequence, entries, before: oldest > 1 ? oldest : 0 };
  }

  /** One round, its present state included; `undefined` when the sequence is none. */
  async round(modelKey: string, sequence: number): Promise<RoundEntry | undefined> {
    const record = await this.record(modelKey, sequence);
    if (record?.entry.kind !== 'round') return undefined;
    const { pointer } = await this.#context.board.current(modelKey);
    const marks = await this.#marks(modelKey, sequence);
    return this.#complete(record, pointer.sequence, marks) as RoundEntry;
  }

  async record(modelKey: string, sequence: number): Promise<HistoryRecord | undefined> {
    const key = `${modelKey}/${sequence}`;
    const known = this.#settled.get(key);
    if (known !== undefined) return known;
    const { lineage } = this.#context;
    const [manifest, verdict, decision] = await Promise.all([
      lineage.manifest(modelKey, sequence),
      lineage.verdict(modelKey, sequence),
      lineage.decision(modelKey, sequence),
    ]);
    if (manifest === undefined) return undefined;
    const record: HistoryRecord = {
      entry: entryOf(manifest.record, verdict?.record, decision?.record),
      verdict: verdict && { outcome: verdict.record.outcome },
      decision: decision && {
        promoted: decision.record.promoted,
        decidedTime: decision.record.decidedTime,
      },
    };
    if (record.entry.kind !== 'round' || record.decision !== undefined) {
      if (this.#settled.size >= remembered) this.#settled.clear();
      this.#settled.set(key, record);
    }
    return record;
  }

  #complete({ entry, verdict, decision }: HistoryRecord, serving: number, marks: Marks) {
    if (entry.kind !== 'round') return entry;
    const { sequence } = entry;
    const decidedTime = decision?.decidedTime;
    const state = versionState({
      verdict,
      decision,
      isQuarantined: marks.quarantined.has(sequence),
      isPurged: marks.purged.has(sequence),
      isServing: sequence === serving,
      isRolledBack: sequence > serving,
      isPurgeDue: decidedTime !== undefined && this.#context.isPurgeDue(decidedTime),
    });
    return { ...entry, state };
  }

  /** Sequences from `oldest` on that something was done to since. */
  async #marks(modelKey: string, oldest: number): Promise<Marks> {
    const [quarantined, purged] = await Promise.all([
      this.#sequences(`${modelPrefix(modelKey)}quarantine/`, oldest),
      this.#sequences(logPrefix(modelKey, 'purges'), oldest),
    ]);
    return { quarantined, purged };
  }

  async #sequences(prefix: string, oldest: number): Promise<ReadonlySet<number>> {
    const found = new Set<number>();
    const after = `${prefix}${String(oldest - 1).padStart(10, '0')}.json`;
    for await (const { key } of this.#context.lineage.store.list(prefix, { after })) {
      const sequence = sequenceOfKey(key);
      if (sequence !== undefined) found.add(sequence);
    }
    return found;
  }
}

interface Marks {
  readonly quarantined: ReadonlySet<number>;
  readonly purged: ReadonlySet<number>;
}

function entryOf(
  manifest: RoundManifest,
  verdict: Verdict | undefined,
  decision: Decision | undefined,
): HistoryEntry {
  const { sequence, entry } = manifest;
  const common = { sequence, createdTime: timeText(manifest.createdTime) };
  switch (entry?.$case) {
    case 'escalation': {
      const { parentSequence, attempts, parts, reason } = entry.value;
      const requestCount = parts.length;
      return { kind: 'escalation', ...common, parentSequence, attempts, requestCount, reason };
    }
    case 'rollback': {
      const { parentSequence, targetSequence, generation, actor, reason, reopened } = entry.value;
      return {
        kind: 'rollback',
        ...common,
        parentSequence,
        targetSequence,
        generation,
        actor,
        reason,
        reopenedCount: reopened.length,
      };
    }
    case 'withdrawal': {
      const { parentSequence, kind, requestId, emitter, actor, reason } = entry.value;
      return {
        kind: 'withdrawal',
        ...common,
        parentSequence,
        what: kind,
        requestId,
        emitter,
        actor,
        reason,
      };
    }
    case 'duplicates': {
      const { parentSequence, requests } = entry.value;
      const [first] = requests;
      return {
        kind: 'withdrawal',
        ...common,
        parentSequence,
        what: requests.length === 1 ? 'duplicate' : `${requests.length} duplicates`,
        requestId: first?.request?.requestId ?? '',
        emitter: first?.request?.emitter ?? '',
        actor: 'unlearner',
        reason: 'an earlier request for the same was completed',
      };
    }
    case 'round':
    case undefined:
      return {
        ...roundOf(entry?.value),
        ...common,
        traceId: traceIdOf(manifest.traceparent) ?? '',
        ...judged(verdict, decision),
      };
    default:
      return entry satisfies never;
  }
}

function roundOf(round: Round | undefined) {
  const metrics = round?.metrics;
  return {
    kind: 'round' as const,
    parentSequence: round?.parentSequence ?? 0,
    method: round?.method ?? '',
    ladderStep: round?.ladderStep ?? 0,
    mode: round === undefined ? '' : modeWord(round.mode),
    requestCount: round?.parts.length ?? 0,
    sampleCount: (round?.parts ?? []).reduce((sum, { rows }) => sum + rows.length, 0),
    result: metrics?.outcome ?? '',
    forgetAccuracyBefore: figure(metrics?.forgetAccuracyBefore),
    forgetAccuracyAfter: figure(metrics?.forgetAccuracyAfter),
    steps: metrics?.steps ?? 0,
    seconds: figure(metrics?.seconds),
    backend: round?.backend ?? '',
    weightsDigest: round?.weightsDigest ?? '',
    state: '',
  };
}

function judged(verdict: Verdict | undefined, decision: Decision | undefined) {
  const heldOut = verdict?.checks.find(({ metric }) => metric === 'held_out_accuracy.vs_original');
  return {
    outcome: verdict === undefined ? '' : outcomeWord(verdict.outcome),
    decision: decision?.reason ?? '',
    explanation: decision?.explanation ?? '',
    wasPromoted: decision?.promoted ?? false,
    heldOutAccuracy: figure(heldOut?.observed),
    originalAccuracy: figure(heldOut?.reference),
  };
}

/** `from`, `from - 1`, …, `to`. */
function range(from: number, to: number): number[] {
  return Array.from({ length: from - to + 1 }, (_, index) => from - index);
}
