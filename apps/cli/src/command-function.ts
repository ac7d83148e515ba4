import type { Output } from './output/output.ts';

/** Options every command has. */
export interface GlobalOptions {
  /** Folder of the embedded Lethe. */
  readonly home: string;
  /** gRPC address of a running Lethe, instead of the one in `home`. */
  readonly address?: string;
  readonly json?: boolean;
  /** Files to talk to a Lethe that asks who calls, or speaks TLS. */
  readonly tokenFile?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** What a command module's `run` gets: merged options, its arguments, and where to write. */
export type CommandFunction<Options> = (
  options: Options & GlobalOptions,
  out: Output,
  ...args: string[]
) => Promise<number>;
