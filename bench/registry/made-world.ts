import { LoneProcess } from './lone-process.ts';
import type { WorldSize } from './world.ts';

export interface MadeWorld {
  /** Requests a second, taken in as the registry takes them from the topic. */
  readonly projectedPerSecond: number;
}

/** Makes a world in `folder`, by another process: what it holds in memory goes with it. */
export async function makeWorld(
  folder: string,
  { versions, requests }: WorldSize,
  { auditEntries, now }: { readonly auditEntries: number; readonly now: Date },
): Promise<MadeWorld> {
  const argv = [folder, versions, requests, auditEntries, now.getTime()].map(String);
  const said = await new LoneProcess('bench/registry/make-world.ts', argv).ended();
  return { projectedPerSecond: Number(/projected (\d+)/.exec(said)?.[1]) };
}
