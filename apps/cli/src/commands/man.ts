import { letheVersion } from '@lethe/service-kit/config';
import type { Command } from 'commander';
import type { CommandFunction } from '../command-function.ts';
import { commandTree } from '../completion/command-tree.ts';
import { manPage } from '../completion/man-page.ts';
import { exitCodes } from '../output/exit-codes.ts';

export function manOf(program: Command, closing: string): CommandFunction<object> {
  return async (_, out) => {
    const page = manPage(commandTree(program), letheVersion, closing);
    out.result({ page });
    if (!out.json) process.stdout.write(page);
    return exitCodes.ok;
  };
}
