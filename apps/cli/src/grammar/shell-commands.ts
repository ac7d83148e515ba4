import { Argument, type Command } from 'commander';
import type { AddAction } from './add-action.ts';

/** Commands that make the command line known to shells and readers. */
export function addShellCommands(program: Command, action: AddAction, closing: string): void {
  program
    .command('completion')
    .summary('completion for a shell, as a script')
    .description(
      'Prints a script that completes commands, options and choices without starting lethe. bash: lethe completion bash > ~/.local/share/bash-completion/completions/lethe; zsh: lethe completion zsh > a folder of $fpath, as _lethe; fish: lethe completion fish > ~/.config/fish/completions/lethe.fish',
    )
    .addArgument(new Argument('<shell>', 'which one').choices(['bash', 'zsh', 'fish']))
    .action(
      action(async () => {
        const { completionOf } = await import('../commands/completion.ts');
        return { run: completionOf(program) };
      }),
    );

  program
    .command('man')
    .summary('the manual page')
    .description(
      'Prints the manual of all commands for man(1): lethe man | man -l -; or into a file: lethe man > ~/.local/share/man/man1/lethe.1',
    )
    .action(
      action(async () => {
        const { manOf } = await import('../commands/man.ts');
        return { run: manOf(program, closing) };
      }),
    );
}
