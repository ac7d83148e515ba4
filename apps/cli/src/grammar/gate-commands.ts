import { type Command, Option } from 'commander';
import type { AddAction } from './add-action.ts';

/** Commands about the gate: verdicts, and the policies they are made by. */
export function addGateCommands(program: Command, action: AddAction): void {
  program
    .command('verdict')
    .summary('why a candidate passed or failed, check by check')
    .description(
      'Shows the stored verdict on a round, or with --dry-run or --policy what the gate would say now; that writes nothing. Exit code 0: pass; 6: anything else.',
    )
    .argument('<model-key>')
    .argument('<sequence>')
    .option('--html <file>', 'also write a page with plots')
    .option('--dry-run', 'evaluate anew, under the policy of the running Lethe')
    .option('--policy <file>', 'evaluate anew, under this policy')
    .action(action(() => import('../commands/verdict.ts')));

  const policy = program
    .command('policy')
    .summary('the policies that verdicts are made by')
    .description(
      'Needs no running Lethe. What a file leaves out keeps its default; see docs/gate.md.',
    );
  policy
    .command('check')
    .summary('can this policy be used? every fault with its line')
    .argument('<file>', 'YAML ("-": standard input)')
    .action(action(() => import('../commands/policy-check.ts')));
  policy
    .command('explain')
    .summary('every check in a sentence')
    .argument('[file]', 'YAML; without it, the built-in policy')
    .addOption(
      new Option('--mode <mode>', 'only this mode').choices(['untrain', 'misclassify', 'relabel']),
    )
    .action(action(() => import('../commands/policy-explain.ts')));
  policy
    .command('diff')
    .summary('what two policies ask differently')
    .argument('<file>', 'YAML')
    .argument('[other]', 'YAML; without it, the difference of the first from the built-in policy')
    .action(action(() => import('../commands/policy-diff.ts')));
  policy
    .command('show')
    .summary('the whole policy, defaults written out')
    .argument('[file]', 'YAML; without it, the built-in policy')
    .action(action(() => import('../commands/policy-show.ts')));
  policy
    .command('schema')
    .summary('JSON Schema of policy files, for editors')
    .action(action(() => import('../commands/policy-schema.ts')));
}
