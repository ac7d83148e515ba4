import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import { LetheError } from '@lethe/contracts';
import { fileError } from '../data-file.ts';
import { csvColumns, parseCsvLine } from './csv-line.ts';

/** Which data subject a sample belongs to, as one line of a file says. */
export interface SubjectLine {
  /** From 1. */
  readonly line: number;
  readonly sampleId: string;
  /** Pseudonymous handle; '' belongs to nobody. */
  readonly subject: string;
}

/**
 * Reads which subject each sample belongs to, line by line, in flat memory: `.csv` with a header
 * that has the columns `sample_id` and `subject`, or `.jsonl` with an object of these two on each
 * line. Messages give line numbers, never handles.
 * @throws LetheError `invalid` naming file, line and remedy; `not_found`, `precondition`
 */
export async function* readSubjects(file: string): AsyncGenerator<SubjectLine> {
  const parse = parserFor(file);
  for await (const { line, text } of readLines(file)) {
    if (text.trim() === '') continue;
    const found = parse(text, `${file}, line ${line}`);
    if (found !== undefined) yield { line, ...found };
  }
}

type LineParser = (
  text: string,
  where: string,
) => { readonly sampleId: string; readonly subject: string } | undefined;

function parserFor(file: string): LineParser {
  switch (extname(file).toLowerCase()) {
    case '.csv':
      return csvParser();
    case '.jsonl':
    case '.ndjson':
      return parseJsonLine;
    default:
      throw LetheError.invalid(
        'subjects',
        file,
        'must be a .csv or a .jsonl file',
        'Name sample and subject in columns sample_id and subject.',
      );
  }
}

/** The first line tells the columns, the others are read by it. */
function csvParser(): LineParser {
  let columns: { sampleId: number; subject: number } | undefined;
  return (text, where) => {
    const fields = parseCsvLine(text, where);
    if (columns === undefined) {
      columns = csvColumns(fields, where);
      return undefined;
    }
    const [sampleId, subject] = [fields[columns.sampleId], fields[columns.subject]];
    if (sampleId !== undefined && subject !== undefined) return { sampleId, subject };
    throw LetheError.invalid(
      where,
      `${fields.length} fields`,
      'has fewer fields than the header',
      'Give every line a sample id and a subject; leave the subject empty for nobody.',
    );
  };
}

function parseJsonLine(text: string, where: string) {
  let parsed: { sample_id?: unknown; subject?: unknown } | null;
  try {
    parsed = JSON.parse(text) as typeof parsed;
  } catch {
    throw notSubjectObject(where, 'no JSON');
  }
  const { sample_id: sampleId, subject } = parsed ?? {};
  if (typeof sampleId === 'string' && typeof subject === 'string') return { sampleId, subject };
  throw notSubjectObject(where, 'other fields');
}

function notSubjectObject(where: string, found: string): LetheError {
  return LetheError.invalid(
    where,
    found,
    'must be an object with the texts sample_id and subject',
    'Write one such object a line, for example {"sample_id":"train/7","subject":"u-12"}.',
  );
}

/** A file without line ends must not fill the memory. */
const longestLine = 1 << 16;

async function* readLines(file: string): AsyncGenerator<{ line: number; text: string }> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  let rest = '';
  const decode = (piece?: Uint8Array) => {
    try {
      return decoder.decode(piece, { stream: piece !== undefined });
    } catch {
      throw LetheError.invalid(
        `${file}, at or after line ${line}`,
        'bytes',
        'is no UTF-8 text',
        'Save the file as UTF-8.',
      );
    }
  };
  try {
    for await (const piece of createReadStream(file)) {
      const lines = (rest + decode(piece as Uint8Array)).split('\n');
      rest = lines.pop()!;
      for (const text of lines) yield { line: line++, text: text.replace(/\r$/, '') };
      if (rest.length > longestLine) {
        throw LetheError.invalid(
          `${file}, line ${line}`,
          `${rest.length} characters`,
          `must have at most ${longestLine} characters`,
          'Put each sample on a line of its own.',
        );
      }
    }
  } catch (cause) {
    throw fileError(file, cause);
  }
  yield { line, text: rest + decode() };
}
