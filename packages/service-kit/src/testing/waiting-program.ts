/** Run by a test in a process of its own: says what happens to it, one word a line. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { LetheError } from '@lethe/contracts';
import { runService } from '../lifecycle/run-service.ts';

const say = (word: string) => process.stdout.write(`${word}\n`);

const [manner] = process.argv.slice(2);
const limit = manner === 'stuck' ? { drainLimitMs: 50 } : {};

await runService(async ({ signal, stack, argv }) => {
  stack.defer(() => void say('closed'));
  if (argv[0] === 'bad-config') throw LetheError.invalid('--x', 1, 'is odd', 'Mend it.');
  if (argv[0] === 'crash') setTimeout(() => Promise.reject(new Error('stray')), 1);
  if (argv[0] === 'slow' || argv[0] === 'stuck') stack.defer(() => delay(60_000));
  const alive = setInterval(() => {}, 1_000);
  stack.defer(() => clearInterval(alive));
  say('ready');
  await once(signal, 'abort');
  say('drained');
}, limit);
