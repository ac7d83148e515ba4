import { LetheError } from '@lethe/contracts';
import { openScratch, withSqliteErrors } from '../manifest/sqlite-file.ts';
import type { TrainingManifest } from '../manifest/training-manifest.ts';
import { readSubjects } from './read-subjects.ts';

/** How samples get their subjects. */
export type SubjectsInput =
  | { readonly kind: 'none' }
  /** See {@link readSubjects}; samples that the file does not name belong to nobody. */
  | { readonly kind: 'file'; readonly file: string }
  /** `subject-1` gets the first `samples` rows, `subject-2` the next, …: for demos. */
  | { readonly kind: 'each'; readonly samples: number };

export interface SubjectAssignment extends Disposable {
  subjectOf(row: number, sampleId: string): string;
  /** @throws LetheError `invalid` when subjects were given to samples that are not in the manifest */
  checkAllUsed(manifest: TrainingManifest): void;
}

export async function assignSubjects(
  input: SubjectsInput,
  onProgress: (done: number) => void,
): Promise<SubjectAssignment> {
  switch (input.kind) {
    case 'none':
      return fixed(() => '');
    case 'each': {
      const { samples } = input;
      if (!Number.isInteger(samples) || samples < 1) {
        throw LetheError.invalid(
          'samples per subject',
          samples,
          'must be a whole number from 1',
          'Say how many samples each subject has, for example 25.',
        );
      }
      return fixed((row) => `subject-${Math.floor(row / samples) + 1}`);
    }
    case 'file':
      return fromFile(input.file, onProgress);
    default:
      return input satisfies never;
  }
}

function fixed(subjectOf: (row: number) => string): SubjectAssignment {
  return { subjectOf, checkAllUsed: () => {}, [Symbol.dispose]: () => {} };
}

/** Lines may come in any order and number millions: they wait in temporary tables. */
async function fromFile(
  file: string,
  onProgress: (done: number) => void,
): Promise<SubjectAssignment> {
  const database = openScratch();
  try {
    database.exec(
      'CREATE TABLE line (sample_id TEXT PRIMARY KEY, subject TEXT, number INTEGER) WITHOUT ROWID; BEGIN',
    );
    const insert = database.prepare('INSERT OR IGNORE INTO line VALUES (?, ?, ?)');
    let count = 0;
    for await (const { line, sampleId, subject } of readSubjects(file)) {
      const { changes } = withSqliteErrors('', () => insert.run(sampleId, subject, line));
      if (changes === 0) {
        throw LetheError.invalid(
          `${file}, line ${line}`,
          sampleId,
          'gives a subject to a sample that has one already',
          'Name each sample once.',
        );
      }
      if (++count % 4096 === 0) onProgress(count);
    }
    onProgress(count);
    const find = database.prepare('SELECT subject FROM line WHERE sample_id = ?');
    let used = 0;
    return {
      subjectOf(_, sampleId) {
        const found = find.get(sampleId)?.['subject'] as string | undefined;
        if (found !== undefined) used++;
        return found ?? '';
      },
      checkAllUsed(manifest) {
        if (used === count) return;
        const lines = database.prepare('SELECT sample_id, number FROM line ORDER BY number');
        for (const { sample_id: sampleId, number } of lines.iterate()) {
          if (manifest.rowsOfSampleIds([sampleId as string]).unknown.length === 0) continue;
          throw LetheError.invalid(
            `${file}, line ${number}`,
            sampleId,
            `is not in the training data, nor are ${count - used - 1} more of the file`,
            'Use the sample ids of the data set, or leave the line out.',
          );
        }
      },
      [Symbol.dispose]: () => database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}
