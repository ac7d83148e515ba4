/**
 * The table of the seed: each figure reported for L2UL beside our `l2ul` and our `lethe` under the
 * stated protocol, and what differs. Rows whose data or network is not at hand keep their line.
 */
import './unlearning/tell-refusals.ts';
import { parseArgs } from 'node:util';
import { openBackend } from '@lethe/compute';
import { availabilityOf } from './seed/availability.ts';
import { readEnsembleTask, runClassEnsemble, trainClassEnsemble } from './seed/class-ensemble.ts';
import { type SeedRow, seedRows } from './seed/rows.ts';
import { runRow, type SeedRounds } from './seed/run-row.ts';
import type { SeedFigure } from './seed/seed-figure.ts';
import { loadSeedTask } from './seed/seed-task.ts';
import { oneOf, wholeNumber } from './unlearning/arguments.ts';

const usage = `Usage: npm run bench:seed -- [options]
Prints the benchmark table: published L2UL, our l2ul, our lethe, and what differs.

  --row ID           only this row; may be repeated: ${seedRows.map(({ id }) => id).join(', ')}
  --method M         only this method of l2ul and lethe; may be repeated
  --data-dir DIR     folder with the data sets and weights/ (default LETHE_DATA_DIR or ../shared/data)
  --class-samples N  most images of a class to forget at once (default 64)
  --max-steps N      most steps of a round (default 300)
  --seed S           which images, and every random choice (default 0)
  --list             runs nothing: says which rows can be run, and what the others lack
  --json             ends with one line of JSON`;

const { values } = parseArgs({
  options: {
    row: { type: 'string', multiple: true },
    method: { type: 'string', multiple: true, default: ['l2ul', 'lethe'] },
    'data-dir': { type: 'string', default: process.env['LETHE_DATA_DIR'] ?? '../shared/data' },
    'class-samples': { type: 'string', default: '64' },
    'max-steps': { type: 'string', default: '300' },
    seed: { type: 'string', default: '0' },
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(usage);
else await bench();

async function bench(): Promise<void> {
  const ids = seedRows.map(({ id }) => id);
  for (const id of values.row ?? []) oneOf('row', id, ids);
  for (const method of values.method) oneOf('method', method, ['l2ul', 'lethe']);
  const seed = wholeNumber('seed', values.seed, 0);
  const classSamples = wholeNumber('class-samples', values['class-samples'], 1);
  const maxSteps = wholeNumber('max-steps', values['max-steps'], 1);
  const rows = seedRows.filter(({ id }) => values.row?.includes(id) ?? true);
  if (!values.list) process.stderr.write(`${(await openBackend()).description}\n`);
  const results: object[] = [];
  const rounds: SeedRounds = new Map();
  for (const row of rows) {
    const availability = availabilityOf(row, values['data-dir']);
    const figures: SeedFigure[] = [];
    if (availability.kind === 'ready' && !values.list) {
      const run = await prepared(row);
      for (const method of values.method) figures.push(await run(method));
    }
    console.log(`${row.title}\n  published L2UL ${row.published}`);
    for (const figure of figures) console.log(`  our ${figure.method} ${describe(figure)}`);
    if (availability.kind === 'missing') {
      console.log(`  not run: bring ${availability.what}; then: ${availability.command}`);
    }
    const { id, title, published } = row;
    const differs = `${row.differs}; rounds end after ${maxSteps} steps at most`;
    console.log(`  differs: ${differs}`);
    results.push({ id, title, published, differs, figures, availability });
  }
  if (values.json) console.log(JSON.stringify({ seed, classSamples, maxSteps, rows: results }));

  /** Reads, or trains, what a row needs; then each method is run on it. */
  async function prepared(row: SeedRow): Promise<(method: string) => Promise<SeedFigure>> {
    const dataDir = values['data-dir'];
    if (row.measure !== 'u_lira') {
      const task = await loadSeedTask(row, dataDir, { classSamples, seed });
      return (method) => runRow(row, task, method, { maxSteps, seed, rounds });
    }
    const onProgress = (what: string) => process.stderr.write(`\r${what}\x1b[K`);
    const task = await readEnsembleTask(row, dataDir, seed);
    const ensemble = await trainClassEnsemble(task, row, { classSamples, seed, onProgress });
    process.stderr.write('\n');
    return (method) => runClassEnsemble(ensemble, method, { maxSteps, seed });
  }
}

function describe({
  value,
  before,
  stillKnown,
  outcome,
  k,
  steps,
  imagePasses,
  seconds,
}: SeedFigure): string {
  const earlier = before === undefined ? '' : `${before.toFixed(2)} before unlearning; `;
  return `${value < 2 && value > 0 ? value.toFixed(4) : value.toFixed(2)} (${earlier}${stillKnown.toFixed(1)} % of the ${k} forgotten images still known, ${outcome} after ${steps} steps, ${imagePasses} image passes, ${seconds.toFixed(0)} s)`;
}
