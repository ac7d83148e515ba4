import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { batches } from './batches.ts';
import { type FileLine, readRequestFile } from './read-request-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'lethe-requests-'));
const file = join(folder, 'requests.jsonl');
afterAll(() => rmSync(folder, { recursive: true }));

async function read(content: string | Buffer): Promise<FileLine[]> {
  writeFileSync(file, content);
  const lines: FileLine[] = [];
  for await (const line of readRequestFile(file)) lines.push(line);
  return lines;
}

const messages = (lines: readonly FileLine[]) =>
  lines.map((line) => (line.kind === 'request' ? 'read' : line.error.message));

const good = '{"request_id":"a","model_key":"m","scope":{"subject":"s"},"mode":"untrain"}';

describe('a request file', () => {
  it('is read as in the HTTP API, blank lines and a missing last line end included', async () => {
    const [first, second] = await read(`\n${good}\r\n\n${good}`);
    expect(first).toMatchObject({ kind: 'request', place: `--file ${file} line 2` });
    expect(second).toMatchObject({
      place: `--file ${file} line 4`,
      request: { modelKey: 'm', mode: 1, scope: { kind: { $case: 'subject', value: 's' } } },
    });
  });

  it.each([
    ['text', 'hello', /line 1 = "hello": is not JSON\. Write one JSON object a line/],
    ['a line cut short', '{"a":', /line 1 = ".*": is not JSON/],
    ['null', 'null', /line 1 = "null": must be a JSON object/],
    ['a list', '[]', /line 1 = "\[\]": must be a JSON object/],
    ['a misspelt field', '{"scop":{}}', /line 1: scop = .* is not a field that is known/],
    ['a number for a text', '{"request_id":5}', /line 1: request_id = "5": must be a text/],
  ])('names the line and what is wrong with it: %s', async (_, text, expected) => {
    const lines = await read(`${text}\n${good}\n`);
    expect(messages(lines)).toEqual([expect.stringMatching(expected), 'read']);
  });

  it('is read on after a line longer than one request may be', async () => {
    const lines = await read(`${'x'.repeat(20_000_000)}\n${good}\n`);
    expect(messages(lines)).toEqual([expect.stringContaining('more than 8388608 bytes'), 'read']);
  });

  it.each(['', '\n\n'])('without a request is refused (%j)', async (text) => {
    await expect(read(text)).rejects.toThrow(/--file = ".*": holds no request/);
  });

  it('that is missing or a folder is refused by name', async () => {
    const missing = readRequestFile(join(folder, 'none')).next();
    await expect(missing).rejects.toThrow(/--file = ".*none": cannot be read/);
    await expect(readRequestFile(folder).next()).rejects.toThrow(/is a folder/);
  });
});

describe('batches', () => {
  async function sizes(given: readonly number[]): Promise<number[][]> {
    const found: number[][] = [];
    const items = async function* () {
      for (const sizeBytes of given) yield { sizeBytes };
    };
    for await (const batch of batches(items())) found.push(batch.map((item) => item.sizeBytes));
    return found;
  }

  it('keep order and stay below what a call may carry', async () => {
    const mega = 2 ** 20;
    expect(await sizes([mega, 2 * mega, mega, 1, 7 * mega, 1])).toEqual([
      [mega, 2 * mega, mega],
      [1],
      [7 * mega],
      [1],
    ]);
    expect((await sizes(Array(1001).fill(1))).map((batch) => batch.length)).toEqual([500, 500, 1]);
  });
});
