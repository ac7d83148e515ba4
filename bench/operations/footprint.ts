import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cpuSecondsOf, statusMiB } from '../process-usage.ts';

export interface Footprint {
  readonly service: string;
  /** From the start of the process to the line that says it serves. */
  readonly readySeconds: number;
  /** Processor time of that, which a busy machine does not stretch. */
  readonly readyCpuSeconds: number;
  /** Resident, five idle seconds later, without compute processes. */
  readonly idleMiB: number;
  /** The same in millions of bytes. */
  readonly idleMB: number;
}

/** One service on an empty bus and store: files of its own, or what `env` names. */
export async function measureFootprint(
  service: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Footprint> {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-footprint-'));
  const main = fileURLToPath(new URL(`../../services/${service}/dist/main.js`, import.meta.url));
  const startedMs = performance.now();
  const child = spawn(process.execPath, [main], {
    cwd: folder,
    env: {
      ...process.env,
      LETHE_BUS: `sqlite:${join(folder, 'bus.sqlite')}`,
      LETHE_STORE: `folder:${join(folder, 'store')}`,
      LETHE_GRPC_ADDRESS: '127.0.0.1:0',
      LETHE_OPS_ADDRESS: '127.0.0.1:0',
      LETHE_HTTP_ADDRESS: '127.0.0.1:0',
      LETHE_INGEST_INDEX: join(folder, 'ingest.sqlite'),
      LETHE_REGISTRY_PROJECTION: join(folder, 'registry.sqlite'),
      LETHE_KEYS: join(folder, 'keys'),
      LETHE_BACKEND: 'wasm',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  try {
    let log = '';
    for await (const chunk of child.stderr) {
      log += chunk;
      if (log.includes('"grpc"')) break;
    }
    if (!log.includes('"grpc"')) throw new Error(`${service} ended: ${log}`);
    const readySeconds = (performance.now() - startedMs) / 1000;
    const readyCpuSeconds = cpuSecondsOf(child.pid!);
    await sleep(5_000);
    const idleMiB = statusMiB(child.pid!, 'VmRSS');
    return { service, readySeconds, readyCpuSeconds, idleMiB, idleMB: idleMiB * 1.048576 };
  } finally {
    child.kill('SIGTERM');
    await exited;
    await rm(folder, { recursive: true, force: true });
  }
}
