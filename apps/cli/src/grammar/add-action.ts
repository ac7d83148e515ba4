import type { CommandFunction } from '../command-function.ts';

/** Makes a commander action of a command module that is loaded when it runs. */
export type AddAction = <Options>(
  load: () => Promise<{ run: CommandFunction<Options> }>,
) => (...received: unknown[]) => Promise<void>;
