import { type Command, Option } from 'commander';
import type { AddAction } from './add-action.ts';
import { decimal, wholeNumber } from './numbers.ts';
import { backendOption, keyFolderOption, storeOption } from './shared-options.ts';

/** Commands about the gate: verdicts, and the policies they are made by. */
export function addGateCommands(program: Command, action: AddAction): void {
  program
    .command('verdict')
    .summary('why a candidate passed or failed, check by check')
    .description(
      'Shows the stored verdict on a round, or with --dry-run or --policy what the gate would say now; that writes nothing. Exit code 0: pass; 6: anything else.',
    )
    .argument('<model-key>', 'as listed by lethe models')
    .argument('<sequence>', 'number of the round, as listed by lethe rounds')
    .option('--html <file>', 'also write a page with plots')
    .option('--dry-run', 'evaluate anew, under the policy of the running Lethe')
    .option('--policy <file>', 'evaluate anew, under this policy')
    .action(action(() => import('../commands/verdict.ts')));

  program
    .command('audit')
    .summary('compare what serves with networks retrained without the forgotten data, offline')
    .description(
      'Reads the lineage and the training data, retrains small ensembles with and without what was forgotten, and writes a signed report: gaps in accuracy, ToW, U-LiRA, and whether the gate agreed. Takes long: each member trains two networks for --epochs walks over the training data and unlearns one of them round by round; how long is left is shown. Interrupted, it keeps the members that are finished: the same command goes on with the next. Reads the training set into memory. Exit code 0: the audit agrees with the gate; 6: it does not, or cannot tell.',
    )
    .argument('<model-key>', 'as listed by lethe models')
    .option('--members <n>', 'networks of each kind', wholeNumber(2, 64), 3)
    .option('--epochs <n>', 'walks over the training data', wholeNumber(1, 10_000), 60)
    .addOption(
      new Option(
        '--augment <how>',
        'what is done to images in training: as the network was trained',
      )
        .choices(['none', 'shift', 'shift-and-mirror'])
        .default('none'),
    )
    .option('--seed <n>', 'seed of the ensembles', wholeNumber(0, 2 ** 31 - 1), 0)
    .option('--least-tow <x>', 'least ToW that agrees', decimal, 0.9)
    .option('--most-u-lira <x>', 'most U-LiRA accuracy that agrees', decimal, 0.6)
    .addOption(storeOption())
    .option('--work <dir>', 'where finished members are kept', 'lethe-audit')
    .option('--report <file>', 'where the signed report goes', 'lethe-audit.json')
    .addOption(keyFolderOption())
    .addOption(backendOption())
    .action(action(() => import('../commands/audit.ts')));

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
