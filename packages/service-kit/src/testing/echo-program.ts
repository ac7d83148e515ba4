/**
 * Run by a test in a process of its own, to be killed: copies topic `in` to topic `out`. A record
 * `<n> <failures> <end>` fails so many times and then ends as `done`, or as `poison`.
 */
import { SqliteBus } from '@lethe/bus';
import { silentLog } from '../log/log.ts';
import { consumeRecords } from '../records/consume-records.ts';
import { deadLetter, done, retry } from '../records/outcome.ts';

const [file] = process.argv.slice(2);
const bus = await SqliteBus.open({ file: file! });
await consumeRecords(bus, {
  group: 'echo',
  topics: [{ name: 'in', partitions: 2, retentionMs: 86_400_000 }],
  stage: 'echo',
  handle: async ({ key, value }, { attempt }) => {
    const [, failures, end] = Buffer.from(value).toString().split(' ');
    if (attempt <= Number(failures)) return retry('not yet');
    return end === 'poison' ? deadLetter('poison') : done([{ topic: 'out', key, value }]);
  },
  log: silentLog,
  onFatal: (error) => {
    throw error;
  },
  backoff: () => 3,
});
process.stdout.write('ready\n');
