import { type Digest, LetheError } from '@lethe/contracts';
import type { Dataset } from '../dataset.ts';
import { openScratch } from '../manifest/sqlite-file.ts';
import type { TrainingManifest } from '../manifest/training-manifest.ts';
import { sampleDigests } from '../sample-digests.ts';

export const evaluationRoles = ['stop', 'gate'] as const;
export type EvaluationRole = (typeof evaluationRoles)[number];

/** What to do with a sample that makes an evaluation set impure. */
export type DuplicateRule = 'refuse' | 'leave_out';

export interface EvaluationRows {
  readonly name: string;
  readonly role: EvaluationRole;
  readonly dataset: Dataset;
  readonly rows: Uint32Array;
}

export interface CleanRows {
  /** Rows that may judge, in order. */
  readonly rows: Uint32Array;
  /** One sentence for each reason for which rows were left out. */
  readonly notes: readonly string[];
}

/**
 * Judges evaluation sets by the content of their samples (SHA-256), whatever source they come from:
 * none may have been trained on, since it would not be held out and could be deletable; none may
 * stand in both a `stop` and a `gate` set, since what steers a round must not judge it.
 */
export class EvaluationHygiene implements Disposable {
  readonly #manifest: TrainingManifest;
  readonly #rule: DuplicateRule;
  readonly #database = openScratch();
  readonly #remember;
  readonly #findElsewhere;
  readonly #names: string[] = [];

  constructor(manifest: TrainingManifest, rule: DuplicateRule) {
    this.#manifest = manifest;
    this.#rule = rule;
    this.#database.exec(
      `CREATE TABLE seen (sha256 BLOB, role TEXT, set_index INTEGER, sample_id TEXT,
       PRIMARY KEY (sha256, role)) WITHOUT ROWID; BEGIN`,
    );
    this.#remember = this.#database.prepare('INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?)');
    this.#findElsewhere = this.#database.prepare(
      'SELECT set_index, sample_id FROM seen WHERE sha256 = ? AND role <> ?',
    );
  }

  /** @throws LetheError `invalid` naming set, row and sample, under the rule `refuse` */
  async check(set: EvaluationRows, onProgress: (done: number) => void): Promise<CleanRows> {
    const setIndex = this.#names.push(set.name) - 1;
    const clean: number[] = [];
    const reasons = new Map<string, { count: number; first: string }>();
    let done = 0;
    for await (const { row, digest } of sampleDigests(set.dataset, set.rows)) {
      if (++done % 4096 === 0) onProgress(done);
      const sampleId = set.dataset.sampleId(row);
      const fault = this.#faultOf(digest, set.role);
      if (fault === undefined) {
        this.#remember.run(Buffer.from(digest, 'hex'), set.role, setIndex, sampleId);
        clean.push(row);
        continue;
      }
      if (this.#rule === 'refuse') throw impure(set.name, row, sampleId, fault);
      const reason = reasons.get(fault.reason);
      if (reason !== undefined) reason.count++;
      else reasons.set(fault.reason, { count: 1, first: `${sampleId} = ${fault.twin}` });
    }
    onProgress(done);
    const notes = [...reasons].map(
      ([reason, { count, first }]) =>
        `${set.name}: left out ${count} of ${done} samples, which ${reason} (first: ${first})`,
    );
    return { rows: Uint32Array.from(clean), notes };
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #faultOf(digest: Digest, role: EvaluationRole): Fault | undefined {
    const [trained] = this.#manifest.rowsOfDigests([digest]).rows;
    if (trained !== undefined) {
      return { reason: 'are in the training data too', twin: this.#manifest.sampleId(trained) };
    }
    const elsewhere = this.#findElsewhere.get(Buffer.from(digest, 'hex'), role);
    if (elsewhere === undefined) return undefined;
    const name = this.#names[elsewhere['set_index'] as number]!;
    return {
      reason: `are in ${name} too, which has another role`,
      twin: elsewhere['sample_id'] as string,
    };
  }
}

interface Fault {
  /** Continues "samples, which …". */
  readonly reason: string;
  /** Id of the same sample there. */
  readonly twin: string;
}

function impure(name: string, row: number, sampleId: string, fault: Fault): LetheError {
  return LetheError.invalid(
    `evaluation set ${name}, row ${row}`,
    sampleId,
    `samples of this set ${fault.reason} (there: ${fault.twin})`,
    'Take the sample out, choose other ranges, or ask for such samples to be left out.',
  );
}
