import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from './random.ts';
import { openAll, type RecordFile, RecordFiles } from './record-files.ts';
import { temporaryFolder } from './testing/folders.ts';

/** Records of 3 bytes holding their row number; file headers of 5 bytes. */
const recordBytes = 3;
const start = 5;
const counts = [4, 1, 400_000];

const bytesOf = (row: number) => [row & 0xff, (row >> 8) & 0xff, row >> 16];
const rowOf = (record: Uint8Array) => record[0]! + (record[1]! << 8) + (record[2]! << 16);

describe('records in several files', () => {
  let folder = '';
  let records: RecordFiles;
  beforeAll(async () => {
    folder = await temporaryFolder();
    let row = 0;
    const names: string[] = [];
    for (const [i, count] of counts.entries()) {
      const content = Buffer.alloc(start + count * recordBytes, 0xee);
      for (let j = 0; j < count; j++) content.set(bytesOf(row++), start + j * recordBytes);
      names.push(join(folder, `part-${i}`));
      await writeFile(names[i]!, content);
    }
    const files = await openAll(names, async (file, handle): Promise<RecordFile> => {
      const { size } = await handle.stat();
      return { file, handle, start, recordCount: (size - start) / recordBytes };
    });
    records = new RecordFiles(files, recordBytes);
  });
  afterAll(async () => {
    await records[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it.each([
    ['in order', [0, 1, 2, 3, 4, 5, 6]],
    ['backwards', [6, 5, 4, 3, 2, 1, 0]],
    ['with gaps', [0, 2, 3, 6, 400_004]],
    ['more than once', [3, 3, 4, 4]],
    ['none', []],
  ])('are read %s', async (_, rows) => {
    expect((await records.read(rows)).map(rowOf)).toEqual(rows);
  });

  it('are read in any order', async () => {
    const random = new Random(1);
    const rows = Array.from({ length: 500 }, () => random.below(records.recordCount));
    expect((await records.read(rows)).map(rowOf)).toEqual(rows);
  });

  it('are read in runs longer than one piece', async () => {
    const rows = Array.from({ length: 400_000 }, (_, i) => i + 3);
    const wrong = (await records.read(rows)).findIndex((record, i) => rowOf(record) !== i + 3);
    expect(wrong).toBe(-1);
  });

  it('are all visited once by a scan', async () => {
    let next = 0;
    await records.scan((record, row) => {
      if (row === next && rowOf(record) === row) next++;
    });
    expect(next).toBe(400_005);
  });

  it('have a file, a position and an offset', () => {
    expect(records.place(5)).toEqual({ file: join(folder, 'part-2'), index: 0, offset: 5 });
    expect(records.place(3)).toMatchObject({ index: 3, offset: 14 });
  });
});
