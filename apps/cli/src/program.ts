import { letheVersion } from '@lethe/service-kit/config';
import { Command, Option } from 'commander';
import type { CommandFunction } from './command-function.ts';
import { addBorderCommands } from './grammar/border-commands.ts';
import { addCallbackCommands } from './grammar/callback-commands.ts';
import { addDlqCommands } from './grammar/dlq-commands.ts';
import { addEvidenceCommands } from './grammar/evidence-commands.ts';
import { addGateCommands } from './grammar/gate-commands.ts';
import { decimal, wholeNumber } from './grammar/numbers.ts';
import { addReleaseCommands } from './grammar/release-commands.ts';
import { addRequestCommands } from './grammar/request-commands.ts';
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
    .option('--home <dir>', 'folder of the embedded Lethe', process.env['LETHE_HOME'] ?? '.lethe')
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

  program
    .command('demo')
    .summary('watch a model forget, from request to promotion')
    .description(
      'Starts all of Lethe in this process, streams deletion requests of several people, and shows every round as it happens: the candidate, the verdict, the promotion. One careless setting is used on purpose, so that the gate has something to reject. Ends with a table and an HTML report.',
    )
    .option(
      '--data-dir <dir>',
      'run on CIFAR-10 and ResNet-20 in this folder (cifar-10-batches-bin/, weights/) instead of the built-in synthetic images',
    )
    .option('--requests <n>', 'deletion requests to stream', wholeNumber(2, 10_000), 36)
    .option('--seed <n>', 'seed of everything random', wholeNumber(0, 2 ** 31 - 1), 0)
    .addOption(new Option('--mode <mode>').choices(['untrain', 'misclassify']).default('untrain'))
    .addOption(backendOption())
    .option('--report <file>', 'where the HTML report goes', 'lethe-demo.html')
    .action(action(() => import('./commands/demo.ts')));

  program
    .command('up')
    .summary('run all services in one process, until Ctrl-C')
    .description(
      'Runs ingest, unlearner, evaluator and registry in this process on a durable log and a folder. Survives kill -9: start it again and it goes on where it was.',
    )
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--grpc-port <port>', 'gRPC port (0: any free one)', wholeNumber(0, 65_535), 7401)
    .option(
      '--http-port <port>',
      'HTTP port of the intake (0: any free one)',
      wholeNumber(0, 65_535),
      7402,
    )
    .option(
      '--console-port <port>',
      'HTTP port of the console, the pages for people (0: any free one)',
      wholeNumber(0, 65_535),
      7403,
    )
    .option(
      '--ops-address <host:port>',
      'serve /livez, /readyz and /metrics here over HTTP (default: not served)',
    )
    .addOption(backendOption())
    .option('--max-batch <n>', 'most samples of one round', wholeNumber(1, 4096), 64)
    .option('--max-wait <ms>', 'longest wait for a batch to fill', wholeNumber(0, 86_400_000), 2000)
    .addOption(
      new Option(
        '--intake-sources <file>',
        'JSON file { "<CloudEvents source>": "<emitter>" } for topic deletion.intake.v1',
      ).env('LETHE_INTAKE_SOURCES'),
    )
    .option('--policy <file>', 'gate policy in YAML (default: built in)')
    .option('--ladder <file>', 'ladder of unlearning settings in JSON or YAML (default: built in)')
    .option('--seed <n>', 'seed of the rounds', wholeNumber(0, 2 ** 31 - 1), 0)
    .action(action(() => import('./commands/up.ts')));

  program
    .command('import')
    .summary('register a trained model, its training data and its evaluation sets')
    .description(
      'Registers a model: reads the network, lists every training sample with its SHA-256, label and subject handle, and checks the evaluation sets: `stop` and `gate` must not share a sample, and neither may hold one of a deletable subject. A data set is written KIND:PATH with optional ?split=…&rows=FROM-TO and kind-specific options, for example "cifar10-binary:/data/cifar-10-batches-bin?split=test&rows=0-1000".',
    )
    .argument('<model-key>', 'name of the model, for example cifar10-resnet20')
    .requiredOption(
      '--weights <path>',
      'a tfjs LayersModel folder, a PyTorch CIFAR ResNet .th, or a Keras .h5',
    )
    .requiredOption('--train <data-set>', 'what the model was trained on')
    .option('--stop <data-set>', 'labelled held-out set that may steer and stop rounds')
    .requiredOption('--gate <data-set>', 'labelled held-out set that judges candidates')
    .option('--subjects <file>', 'CSV or JSON lines: sample id, subject handle')
    .option(
      '--subjects-per <n>',
      'give every n samples in order a made-up subject handle (for trials)',
      wholeNumber(1, 1_000_000),
    )
    .addOption(
      new Option(
        '--mode <mode>',
        'default mode of requests (default: untrain where a stop set is given)',
      ).choices(['untrain', 'misclassify']),
    )
    .option('--scale <x>', 'network input = (value · scale − mean) / std', decimal)
    .option('--mean <list>', 'per channel, comma-separated', decimals)
    .option('--std <list>', 'per channel, comma-separated', decimals)
    .option(
      '--leave-out-duplicates',
      'leave evaluation samples out that were trained on or have two roles, instead of refusing',
    )
    .addOption(storeOption())
    .option('--keep-batch-norm', 'do not fold batch normalisation into the convolutions')
    .addOption(backendOption())
    .action(action(() => import('./commands/import.ts')));

  program
    .command('submit')
    .summary('ask for deletion')
    .description('Sends deletion requests to a running Lethe and prints their receipts.')
    .option('--model <key>', 'model that must forget')
    .option('--subject <handle>', 'everything of this pseudonymous handle')
    .option('--sample <id...>', 'samples by id')
    .option('--sha256 <hex...>', 'samples by SHA-256')
    .option('--class <label>', 'a whole label', wholeNumber(0, 2 ** 31 - 1))
    .addOption(
      new Option(
        '--file <file>',
        'many requests: JSON lines as in the HTTP API ("-": standard input)',
      ).conflicts(whatOneRequestSays),
    )
    .option('--id <uuid>', 'request id; reuse it to ask again safely (default: a new one)')
    .option(
      '--emitter <name>',
      'the system that asks (default: cli; with a token or certificate, whoever that is)',
    )
    .option('--mode <mode>', 'untrain, misclassify, relabel (default: the model’s)')
    .option('--relabel-to <label>', 'with --mode relabel', wholeNumber(0, 2 ** 31 - 1))
    .option('--regulation <name>', 'gdpr, ccpa, other', 'gdpr')
    .option('--submitted-time <iso>', 'when the person asked (default: now)')
    .option('--wait', 'wait until every request has ended')
    .action(action(() => import('./commands/submit.ts')));

  program
    .command('status')
    .summary('where requests stand')
    .argument('[request-id]', 'one request; without it, the latest')
    .option(
      '--emitter <name>',
      'who sent it (default: cli; with a token or certificate, whoever that is)',
    )
    .option('--model <key>', 'only this model')
    .option(
      '--state <name>',
      'accepted, in_round, completed, no_match, removed_from_evaluation, already_forgotten, escalated',
    )
    .option('--limit <n>', 'most rows', wholeNumber(1, 1000), 20)
    .action(action(() => import('./commands/status.ts')));

  program
    .command('top')
    .summary('watch models, backlog, rounds in flight and deadlines, until Ctrl-C')
    .description(
      'A view of the running Lethe that is kept current: what is overdue or escalated first. Where standard output is no terminal it is printed once; with --json a line is printed for every look.',
    )
    .option('--every <ms>', 'time between two looks', wholeNumber(100, 3_600_000), 1000)
    .option('--once', 'look once')
    .action(action(() => import('./commands/top.ts')));

  program
    .command('trace')
    .summary('the life of one request, from receipt to completion')
    .description(
      'Tells from the records what happened to a request and when: submission, receipt, every round that served it, verdicts, promotion, completion, deadline; and the traces of request and rounds, with links where --trace-url is given. Rounds and verdicts come from the object store.',
    )
    .argument('<request-id>')
    .option(
      '--emitter <name>',
      'who sent it (default: cli; with a token or certificate, whoever that is)',
    )
    .addOption(
      new Option(
        '--trace-url <url>',
        'where traces are shown, for example "http://localhost:16686/trace/{trace_id}"',
      ).env('LETHE_TRACE_URL'),
    )
    .addOption(storeOption())
    .action(action(() => import('./commands/trace.ts')));

  program
    .command('models')
    .summary('models, what serves, and open requests')
    .argument('[model-key]', 'one model')
    .option(
      '--export <dir>',
      'write the served network as a tfjs LayersModel folder (from --store)',
    )
    .addOption(storeOption())
    .action(action(() => import('./commands/models.ts')));

  program
    .command('rounds')
    .summary('the lineage of a model')
    .argument('<model-key>')
    .option('--after <sequence>', 'only later ones', wholeNumber(0, 2 ** 32 - 1), 0)
    .option('--limit <n>', 'most rows', wholeNumber(1, 1000), 100)
    .option('--watch', 'show rounds as they run, until Ctrl-C')
    .action(action(() => import('./commands/rounds.ts')));

  addBorderCommands(program, action);
  addCallbackCommands(program, action);
  addDlqCommands(program, action);
  addEvidenceCommands(program, action);
  addGateCommands(program, action);
  addTopicsCommands(program, action);
  addReleaseCommands(program, action);
  addRequestCommands(program, action);
  return program;
}

/** Options of `submit` that say what a line of `--file` says. */
const whatOneRequestSays = [
  'model',
  'subject',
  'sample',
  'sha256',
  'class',
  'id',
  'mode',
  'relabelTo',
  'submittedTime',
];

function backendOption(): Option {
  return new Option('--backend <name>', 'compute backend')
    .choices(['auto', 'native', 'wasm', 'js'])
    .default('auto')
    .env('LETHE_BACKEND');
}

function storeOption(): Option {
  return new Option(
    '--store <address>',
    'object store to use (default: the one in --home); its keys: see lethe probe --help',
  ).env('LETHE_STORE');
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

function decimals(text: string): number[] {
  return text.split(',').map(decimal);
}
