import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/folders.ts';
import { readSubjects } from './read-subjects.ts';

let folder = '';
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => rm(folder, { recursive: true }));

async function read(name: string, content: string | Uint8Array): Promise<[string, string][]> {
  const file = join(folder, name);
  await writeFile(file, content);
  const found: [string, string][] = [];
  for await (const { sampleId, subject } of readSubjects(file)) found.push([sampleId, subject]);
  return found;
}

describe('subjects from CSV', () => {
  it('are read by the names of the columns, whatever their order', async () => {
    expect(await read('a.csv', 'subject,kind,sample_id\nu1,x,train/1\n,x,train/2\n')).toEqual([
      ['train/1', 'u1'],
      ['train/2', ''],
    ]);
  });

  it('may have quoted fields, a byte order mark, CR LF and no last line end', async () => {
    const text = '\ufeffsample_id,subject\r\n"a,""b"".png",u1\r\n\r\nc.png,"u 2"';
    expect(await read('b.csv', text)).toEqual([
      ['a,"b".png', 'u1'],
      ['c.png', 'u 2'],
    ]);
  });

  it('are streamed over pieces that cut characters in two', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `größe/${i},ü${i}`);
    const found = await read('c.csv', `sample_id,subject\n${lines.join('\n')}\n`);
    expect(found.length).toBe(20_000);
    expect(found.every(([id, subject], i) => id === `größe/${i}` && subject === `ü${i}`)).toBe(
      true,
    );
  });

  it.each([
    ['no header', 'train/1,u1\n', /line 1 = "train\/1,u1": must be a header/],
    ['a short line', 'sample_id,subject\ntrain/1\n', /line 2 = "1 fields"/],
    ['an open quotation mark', 'sample_id,subject\n"train/1,u1\n', /line 2 = "column 1"/],
    ['bytes that are not UTF-8', Uint8Array.of(0xff, 0xfe, 0x41), /is no UTF-8 text/],
    ['UTF-8 cut at the end', Uint8Array.of(0x41, 0xc3), /is no UTF-8 text/],
    ['a line without end', 'x'.repeat(200_000), /must have at most 65536 characters/],
  ])('are refused for %s', async (_, content, message) => {
    await expect(read('bad.csv', content)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(message),
    });
  });
});

describe('subjects from JSON lines', () => {
  it('are read from an object a line', async () => {
    const text = '{"sample_id":"a","subject":"u1"}\n{"subject":"","sample_id":"b","x":1}\n';
    expect(await read('a.jsonl', text)).toEqual([
      ['a', 'u1'],
      ['b', ''],
    ]);
  });

  it.each(['{"sample_id":"a"}', '{"sample_id":1,"subject":"u"}', 'null', 'a,b'])(
    'are refused for the line %s, without repeating it',
    async (line) => {
      await expect(read('bad.jsonl', `${line}\n`)).rejects.toMatchObject({
        code: 'invalid',
        message: expect.stringMatching(/line 1 = "(no JSON|other fields)"/),
      });
    },
  );
});

describe('a file of subjects', () => {
  it('must be CSV or JSON lines', async () => {
    await expect(read('a.xlsx', '')).rejects.toThrow(/must be a \.csv or a \.jsonl file/);
  });

  it('must be there', async () => {
    const lines = readSubjects(join(folder, 'none.csv'));
    await expect(lines.next()).rejects.toMatchObject({ code: 'not_found' });
  });
});
