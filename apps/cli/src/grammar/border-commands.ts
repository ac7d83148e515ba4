import type { Command } from 'commander';
import type { AddAction } from './add-action.ts';

/** Commands about what Lethe stands on, and who may reach it. */
export function addBorderCommands(program: Command, action: AddAction): void {
  program
    .command('token')
    .summary('make a token for a caller')
    .description(
      'Makes a random token, readable by its owner only, and prints its SHA-256 for the identities file (docs/security.md). The token itself is kept nowhere else.',
    )
    .requiredOption('--out <file>', 'where the token goes; must be a new file')
    .action(action(() => import('../commands/token.ts')));
}
