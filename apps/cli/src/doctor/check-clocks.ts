import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { openStore } from '@lethe/service-kit';
import { readRuntime } from '../embedded/runtime-file.ts';
import { type Finding, note, ok, problem } from './finding.ts';
import type { Patient } from './patient.ts';

/** S3 gives whole seconds, and asking takes time itself. */
const unremarkableMs = 5_000;
/** S3 servers turn away requests whose clock differs by 15 minutes. */
const mostMs = 60_000;

/** Time of another clock, and when this one was asked before and after. */
export interface Reading {
  readonly who: string;
  readonly theirMs: number;
  readonly beforeMs: number;
  readonly afterMs: number;
}

/** Do this machine, the object store and a running Lethe agree on what time it is? */
export async function checkClocks(patient: Patient): Promise<Finding[]> {
  const readings = [await askStore(patient), await askIntake(patient)];
  const found = readings.filter((reading) => reading !== undefined).map(judgeReading);
  return found.length > 0 ? found : [ok('clocks', 'there is no other clock to compare with')];
}

export function judgeReading({ who, theirMs, beforeMs, afterMs }: Reading): Finding {
  const skewMs = theirMs < beforeMs ? theirMs - beforeMs : Math.max(0, theirMs - afterMs);
  const seconds = (Math.abs(skewMs) / 1000).toFixed(0);
  const side = skewMs < 0 ? 'behind' : 'ahead of';
  const remedy = 'Set both clocks by NTP: legal deadlines and signatures depend on them.';
  if (Math.abs(skewMs) <= unremarkableMs) {
    return ok('clocks', `the clock of ${who} agrees with this one`);
  }
  const seen = `the clock of ${who} is ${seconds} s ${side} this one`;
  return Math.abs(skewMs) > mostMs ? problem('clocks', seen, remedy) : note('clocks', seen, remedy);
}

/** Writes an object and reads when the store says it was written. */
async function askStore({ store: config }: Patient): Promise<Reading | undefined> {
  // A folder has the clock of this machine.
  if (!config.store.startsWith('s3:')) return undefined;
  await using store = await openStore(config);
  const key = `probe/clock-${randomUUID()}`;
  const beforeMs = Date.now();
  await store.put(key, Buffer.from('time'));
  const afterMs = Date.now();
  try {
    for await (const { modifiedMs } of store.list(key)) {
      return { who: 'the object store', theirMs: modifiedMs, beforeMs, afterMs };
    }
    return undefined;
  } finally {
    await store.deleteAllVersions(key);
  }
}

/** The Date header of the intake of a running `lethe up`. */
async function askIntake({ layout, options }: Patient): Promise<Reading | undefined> {
  const runtime = existsSync(layout.root) ? readRuntime(layout.root) : undefined;
  if (runtime === undefined || runtime.http === '' || options.address !== undefined)
    return undefined;
  const beforeMs = Date.now();
  try {
    const signal = AbortSignal.timeout(3_000);
    const { headers } = await fetch(`http://${runtime.http}/`, { signal });
    const theirMs = Date.parse(headers.get('date') ?? '');
    if (Number.isNaN(theirMs)) return undefined;
    return { who: 'the running lethe', theirMs, beforeMs, afterMs: Date.now() };
  } catch {
    // Whether it answers is told under `running`.
    return undefined;
  }
}
