import { type Command, Option } from 'commander';
import type { AddAction } from './add-action.ts';
import { decimal, wholeNumber } from './numbers.ts';
import { backendOption, storeOption } from './shared-options.ts';

/** Commands that begin: watching a demo, running everything, registering a model. */
export function addRunningCommands(program: Command, action: AddAction): void {
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
    .addOption(
      new Option('--mode <mode>', 'how the requests ask to forget')
        .choices(['untrain', 'misclassify'])
        .default('untrain'),
    )
    .addOption(backendOption())
    .option('--report <file>', 'where the HTML report goes', 'lethe-demo.html')
    .action(action(() => import('../commands/demo.ts')));

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
    .action(action(() => import('../commands/up.ts')));

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
    .action(action(() => import('../commands/import.ts')));
}

function decimals(text: string): number[] {
  return text.split(',').map(decimal);
}
