import { letheVersion } from '@lethe/service-kit/config';
import { Command, Help, Option } from 'commander';
import type { CommandFunction } from './command-function.ts';
import { addBackupCommands } from './grammar/backup-commands.ts';
import { addBorderCommands } from './grammar/border-commands.ts';
import { addCallbackCommands } from './grammar/callback-commands.ts';
import { addDlqCommands } from './grammar/dlq-commands.ts';
import { addEvidenceCommands } from './grammar/evidence-commands.ts';
import { addGateCommands } from './grammar/gate-commands.ts';
import { addLookingCommands } from './grammar/looking-commands.ts';
import { addReleaseCommands } from './grammar/release-commands.ts';
import { addRequestCommands } from './grammar/request-commands.ts';
import { addRunningCommands } from './grammar/running-commands.ts';
import { addShellCommands } from './grammar/shell-commands.ts';
import { addTopicsCommands } from './grammar/topics-commands.ts';
import { exitOnSignals } from './interrupt.ts';
import type { Output } from './output/output.ts';

/**
 * The grammar of the CLI. Command modules are loaded only when they run, so that `--help`
 * and shell completion stay quick.
 */
export function createProgram(out: Output, outcome: { exitCode: number }): Command {
  const program = new Command('lethe')
    .description('Makes deployed models forget what people asked to be deleted.')
    .version(letheVersion)
    .addOption(
      new Option('--home <dir>', 'folder of the embedded Lethe')
        .default('.lethe')
        .env('LETHE_HOME'),
    )
    .addOption(
      new Option(
        '--address <host:port>',
        'gRPC address of a running Lethe (default: the one in --home)',
      ).env('LETHE_ADDRESS'),
    )
    .addOption(
      new Option('--token-file <file>', 'token to show to a Lethe that asks who calls').env(
        'LETHE_TOKEN_FILE',
      ),
    )
    .addOption(
      new Option(
        '--tls-ca <file>',
        'talk TLS, and trust servers whose certificate this PEM file signed ("system": those that Node trusts)',
      ).env('LETHE_TLS_CA'),
    )
    .addOption(
      new Option('--tls-cert <file>', 'client certificate to show (PEM)').env('LETHE_TLS_CERT'),
    )
    .addOption(new Option('--tls-key <file>', 'key of that certificate').env('LETHE_TLS_KEY'))
    .option('--json', 'print results as JSON, one value a line; errors as JSON on stderr')
    .showHelpAfterError(out.json ? false : '(lethe --help shows what there is)')
    .configureOutput(out.json ? { writeErr: () => {} } : {})
    .configureHelp({
      showGlobalOptions: true,
      optionDescription(option) {
        const text = Help.prototype.optionDescription.call(this, option);
        return option.mandatory ? `${text} (required)` : text;
      },
    })
    .exitOverride()
    .addHelpText('after', closingHelp);

  const action =
    <Options>(load: () => Promise<{ run: CommandFunction<Options> }>) =>
    async (...received: unknown[]): Promise<void> => {
      const command = received.at(-1) as Command;
      const args = received.slice(0, -2).filter((arg) => arg !== undefined) as string[];
      // These stop in order instead.
      using _ = ['up', 'top'].includes(command.name()) ? undefined : exitOnSignals(out);
      const { run } = await load();
      outcome.exitCode = await run(command.optsWithGlobals(), out, ...args);
    };

  program.commandsGroup('Begin:');
  addRunningCommands(program, action);
  program.commandsGroup('Requests:');
  addRequestCommands(program, action);
  program.commandsGroup('Look:');
  addLookingCommands(program, action);
  program.commandsGroup('What serves:');
  addReleaseCommands(program, action);
  program.commandsGroup('The gate:');
  addGateCommands(program, action);
  program.commandsGroup('Evidence:');
  addEvidenceCommands(program, action);
  program.commandsGroup('Set aside:');
  addDlqCommands(program, action);
  addCallbackCommands(program, action);
  program.commandsGroup('Operate:');
  addBackupCommands(program, action);
  addBorderCommands(program, action);
  addTopicsCommands(program, action);
  program.commandsGroup('The command line:');
  addShellCommands(program, action, closingHelp);
  if (!out.json) pointToOwnHelp(program, 'lethe');
  return program;
}

/** What was wrong in a command is explained by the help of that command. */
function pointToOwnHelp(command: Command, path: string): void {
  for (const each of command.commands as readonly Command[]) {
    const own = `${path} ${each.name()}`;
    each.showHelpAfterError(`(${own} --help says more)`);
    pointToOwnHelp(each, own);
  }
}

const closingHelp = `
First steps
  lethe demo                                    everything at once, on built-in data
  lethe up                                      run it; in another terminal:
  lethe import my-model --weights DIR --train npz:train.npz --gate npz:gate.npz --subjects-per 4
  lethe submit --model my-model --subject subject-7 --wait
  lethe rounds my-model

Exit codes
  0 done   1 failure inside Lethe   2 wrong input   3 not found   4 conflict
  5 not reachable   6 refused in this state   7 a limit is reached   8 not allowed
  130 interrupted (Ctrl-C)   143 interrupted (SIGTERM)
`;
