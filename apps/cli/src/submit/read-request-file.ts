import { createReadStream, type Stats, statSync } from 'node:fs';
import { type DeletionRequest, describeViolation, LetheError } from '@lethe/contracts';
import { limits, readDeletion } from '@lethe/ingest';

/** A line of a request file, with its place for messages. */
export type FileLine = { readonly place: string; readonly sizeBytes: number } & (
  | { readonly kind: 'request'; readonly request: DeletionRequest }
  | { readonly kind: 'unreadable'; readonly error: LetheError }
);

const remedy = 'Write one JSON object a line, as in the HTTP API.';

/**
 * Requests of a file of JSON lines, in the form of the HTTP API; `-` is standard input. A line
 * that cannot be read stops no other. Memory stays flat however long file or line are.
 *
 * @throws LetheError `invalid` naming `--file` when it cannot be read or holds no line
 */
export async function* readRequestFile(file: string): AsyncGenerator<FileLine> {
  let number = 0;
  let found = false;
  for await (const line of linesOf(file)) {
    number++;
    if (line.kind === 'text' && line.text.trim() === '') continue;
    found = true;
    yield parseLine(`--file ${file} line ${number}`, line);
  }
  if (!found) throw LetheError.invalid('--file', file, 'holds no request', remedy);
}

function parseLine(place: string, line: Line): FileLine {
  if (line.kind === 'too-long') {
    const description = `has more than ${limits.bodyBytes} bytes`;
    const error = LetheError.invalid(place, line.start, description, 'Send several requests.');
    return { kind: 'unreadable', place, sizeBytes: 0, error };
  }
  const sizeBytes = Buffer.byteLength(line.text);
  try {
    return { kind: 'request', place, sizeBytes, request: parseRequest(place, line.text) };
  } catch (thrown) {
    return { kind: 'unreadable', place, sizeBytes, error: LetheError.from(thrown) };
  }
}

function parseRequest(place: string, text: string): DeletionRequest {
  const incoming = readDeletion(parseJson(place, text));
  if (incoming.kind === 'read' && incoming.problems.length === 0) return incoming.request;
  const violations = incoming.problems.map((problem) => ({
    ...problem,
    field: problem.field === 'body' ? place : `${place}: ${problem.field}`,
  }));
  throw new LetheError('invalid', violations.map(describeViolation).join('\n'), { violations });
}

function parseJson(place: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw LetheError.invalid(place, text, 'is not JSON', remedy);
  }
}

type Line =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'too-long'; readonly start: string };

async function* linesOf(file: string): AsyncGenerator<Line> {
  let pending = '';
  let cutOff: string | undefined;
  for await (const chunk of textOf(file)) {
    const [first = '', ...rest] = chunk.split('\n');
    pending += first;
    for (const next of rest) {
      yield endLine(pending, cutOff);
      cutOff = undefined;
      pending = next;
    }
    if (pending.length > limits.bodyBytes) {
      cutOff ??= pending.slice(0, 100);
      pending = '';
    }
  }
  if (pending !== '' || cutOff !== undefined) yield endLine(pending, cutOff);
}

function endLine(text: string, cutOff: string | undefined): Line {
  if (cutOff !== undefined) return { kind: 'too-long', start: cutOff };
  if (text.length > limits.bodyBytes) return { kind: 'too-long', start: text.slice(0, 100) };
  return { kind: 'text', text };
}

async function* textOf(file: string): AsyncGenerator<string> {
  const stream = file === '-' ? process.stdin : openFile(file);
  stream.setEncoding('utf8');
  try {
    for await (const chunk of stream) yield chunk as string;
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function openFile(file: string): NodeJS.ReadableStream {
  let stats: Stats;
  try {
    stats = statSync(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
  if (stats.isDirectory()) throw LetheError.invalid('--file', file, 'is a folder', 'Give a file.');
  return createReadStream(file);
}

function unreadable(file: string, cause: unknown): LetheError {
  const description = `cannot be read (${(cause as Error).message})`;
  return LetheError.invalid('--file', file, description, 'Give a file this user may read.');
}
