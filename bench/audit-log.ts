/**
 * The audit log: appending, reading the end after a restart, and full verification.
 * node --disable-warning=ExperimentalWarning bench/audit-log.ts [--entries N] [--json]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AuditLog, verifyLog } from '@lethe/audit-log';
import { sha256 } from '@lethe/contracts';
import { KeyRing, signStatement } from '@lethe/evidence';
import { FolderStore } from '@lethe/store';

const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '1000000' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write('bench/audit-log.ts [--entries N (1000000)] [--json]\n');
  process.exit(0);
}
const total = Number(values.entries);
const folder = await mkdtemp(join(tmpdir(), 'lethe-bench-audit-'));
const seconds = (since: number) => (performance.now() - since) / 1000;
const store = await FolderStore.open(join(folder, 'store'));
try {
  const ring = KeyRing.open(join(folder, 'keys'), new Date());
  const sign = (make: (issued: Date) => Parameters<typeof signStatement>[0]) =>
    signStatement(make(new Date()), ring.signer(new Date()));
  const log = new AuditLog({ store, sign });

  let since = performance.now();
  const batch = 512;
  for (let from = 0; from < total; from += batch) {
    await log.append(
      Array.from({ length: Math.min(batch, total - from) }, (_, at) => ({
        id: `promotion/m1/${from + at}`,
        kind: 'promotion' as const,
        time: new Date(1_767_225_600_000 + from + at),
        actor: 'registry',
        modelKey: 'm1',
        details: {
          sequence: from + at,
          weights_digest: sha256(`weights ${from + at}`),
          verdict_digest: sha256(`verdict ${from + at}`),
        },
      })),
    );
    if ((from / batch) % 100 === 0) await log.checkpoint();
  }
  await log[Symbol.asyncDispose]();
  const appendSeconds = seconds(since);

  since = performance.now();
  const end = await new AuditLog({ store }).head();
  const restartSeconds = seconds(since);

  const before = process.memoryUsage().rss;
  since = performance.now();
  const found = await verifyLog({ store, keys: ring.keys(), now: new Date() });
  const verifySeconds = seconds(since);
  if (found.kind !== 'sound' || end.size !== total) throw new Error(JSON.stringify(found));
  const result = {
    entries: total,
    appendPerSecond: Math.round(total / appendSeconds),
    restartSeconds: Number(restartSeconds.toFixed(3)),
    verifyPerSecond: Math.round(total / verifySeconds),
    verifySeconds: Number(verifySeconds.toFixed(2)),
    checkpoints: found.checkpoints,
    verifyGrewMiB: Math.round((process.memoryUsage().rss - before) / 2 ** 20),
    machine: `${cpus().length} × ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}`,
  };
  process.stdout.write(
    values.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, null, 2)}\n`,
  );
} finally {
  await store[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}
