/**
 * Verifies an audit log in a process of its own and says so on standard error, then waits.
 * node bench/registry/verify-log.ts FOLDER
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyLog } from '@lethe/audit-log';
import { parseKeySet } from '@lethe/evidence';
import { FolderStore } from '@lethe/store';

const folder = process.argv[2] ?? '';
const store = await FolderStore.open(join(folder, 'store'));
const keys = parseKeySet(readFileSync(join(folder, 'keys', 'key-set.json'), 'utf8'));
const since = performance.now();
const found = await verifyLog({ store, keys, now: new Date() });
if (found.kind !== 'sound') throw new Error(JSON.stringify(found));
const perSecond = Math.round((found.point.size * 1000) / (performance.now() - since));
process.stderr.write(`verified ${perSecond} ${found.checkpoints}\n`);
const until = setInterval(() => {}, 1_000);
process.on('SIGTERM', async () => {
  clearInterval(until);
  await store[Symbol.asyncDispose]();
});
