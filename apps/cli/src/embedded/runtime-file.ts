import { readFileSync, writeFileSync } from 'node:fs';
import { type HomeLayout, homeLayout } from './home-layout.ts';

/** What a running `lethe up` tells the other commands. */
export interface Runtime {
  readonly pid: number;
  readonly grpc: string;
  readonly http: string;
  /** Absent where a version without a console runs. */
  readonly console?: string;
  readonly startedAt: string;
}

export function writeRuntime(layout: HomeLayout, runtime: Runtime): void {
  writeFileSync(layout.runtime, `${JSON.stringify(runtime, null, 2)}\n`);
}

export function readRuntime(home: string): Runtime | undefined {
  try {
    return JSON.parse(readFileSync(homeLayout(home).runtime, 'utf8')) as Runtime;
  } catch {
    return undefined;
  }
}
