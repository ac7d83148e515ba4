import type { Command } from 'commander';
import type { CommandFunction } from '../command-function.ts';
import { bashCompletion } from '../completion/bash.ts';
import { commandTree } from '../completion/command-tree.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { exitCodes } from '../output/exit-codes.ts';

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

export function completionOf(program: Command): CommandFunction<object> {
  return async (_, out, shell) => {
    const script = shells[shell as keyof typeof shells](commandTree(program));
    out.result({ shell, script });
    if (!out.json) process.stdout.write(script);
    return exitCodes.ok;
  };
}
