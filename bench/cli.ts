/**
 * How long a person waits for the command line: `--help`, and `status` of a running `lethe up`
 * with open requests. Wall-clock and processor time of whole processes.
 * node --disable-warning=ExperimentalWarning bench/cli.ts [--runs N] [--requests N] [--json]
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { lethe, startUp } from '../test/support/lethe-process.ts';
import { answerHelp } from './answer-help.ts';
import { median } from './median.ts';

answerHelp(import.meta.filename);
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '15' },
    requests: { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const bin = fileURLToPath(new URL('../apps/cli/bin/lethe.js', import.meta.url));
const model = fileURLToPath(new URL('../apps/cli/assets/demo-model', import.meta.url));

/** One command, `runs` times; the shell tells the processor time of what it ran. */
function measure(args: readonly string[]) {
  const wallMs: number[] = [];
  const processorMs: number[] = [];
  const script = '"$@" >/dev/null || exit 1; times';
  for (let run = 0; run < runs; run++) {
    const before = performance.now();
    const told = execFileSync('sh', ['-c', script, 'sh', process.execPath, bin, ...args]);
    wallMs.push(performance.now() - before);
    const ofChildren = told.toString().split('\n')[1] ?? '';
    processorMs.push(sum(ofChildren.split(' ').map(milliseconds)));
  }
  return {
    leastMs: Math.round(Math.min(...wallMs)),
    medianMs: Math.round(median(wallMs)),
    medianProcessorMs: Math.round(median(processorMs)),
  };
}

/** `0m0.070000s` */
function milliseconds(text: string): number {
  const [minutes, seconds] = text.replace('s', '').split('m');
  return 1000 * (60 * Number(minutes) + Number(seconds));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

const folder = mkdtempSync(join(tmpdir(), 'lethe-bench-cli-'));
const home = join(folder, 'home');
const sets = [
  ...['--train', 'synthetic:?split=train'],
  ...[
    '--stop',
    'synthetic:?split=test&rows=0-500',
    '--gate',
    'synthetic:?split=test&rows=500-2000',
  ],
];
const importing = ['import', 'm', '--home', home, '--weights', model, '--backend', 'js', ...sets];
const imported = await lethe([...importing, '--subjects-per', '4']);
if (imported.code !== 0) throw new Error(imported.stderr);
// No round begins: what is measured is the command line.
const up = await startUp(home, [
  '--backend',
  'js',
  '--max-wait',
  '86400000',
  '--max-batch',
  '4096',
]);
try {
  const file = join(folder, 'requests.jsonl');
  const requests = Array.from({ length: Number(values.requests) }, (_, at) =>
    JSON.stringify({
      request_id: randomUUID(),
      model_key: 'm',
      scope: { subject: `subject-${at}` },
    }),
  );
  writeFileSync(file, `${requests.join('\n')}\n`);
  const submitted = await lethe(['submit', '--home', home, '--file', file]);
  if (submitted.code !== 0) throw new Error(submitted.stderr);
  const result = {
    help: measure(['--help']),
    status: measure(['status', '--home', home]),
    requests: Number(values.requests),
    runs,
    machine: `${cpus().length} × ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}`,
  };
  process.stdout.write(
    values.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, null, 2)}\n`,
  );
} finally {
  await up.stop();
  rmSync(folder, { recursive: true, force: true });
}
