import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { datasetKinds } from '@lethe/datasets';
import { afterAll, expect, it } from 'vitest';
import { availabilityOf, networkPath } from './availability.ts';
import { seedRows } from './rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'lethe-seed-'));
afterAll(() => rmSync(folder, { recursive: true }));

it.each(seedRows)('$id says what it lacks and how to run it then', (row) => {
  expect(datasetKinds).toContain(row.data.kind);
  const before = availabilityOf(row, folder);
  expect(before).toMatchObject({
    kind: 'missing',
    what: expect.stringContaining(join(folder, row.data.folder)),
    command: `npm run bench:seed -- --row ${row.id} --data-dir ${folder}`,
  });
  const here = join(folder, row.id);
  for (const path of [row.data.folder, networkPath(row)?.path ?? '.']) {
    mkdirSync(join(here, path), { recursive: true });
  }
  expect(availabilityOf(row, here).kind).toBe('ready');
});

it('has every figure that is reported, once', () => {
  expect(new Set(seedRows.map(({ id }) => id)).size).toBe(seedRows.length);
  expect(seedRows.map(({ published }) => published)).toEqual([
    3.28, 89.15, 85.67, 12.36, 0.9915, 71.56, 23.9, 92.69, 19.1, 99.99,
  ]);
});
