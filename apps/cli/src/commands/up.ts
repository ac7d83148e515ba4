import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { BackendPreference } from '@lethe/compute';
import { LetheError } from '@lethe/contracts';
import { collectGarbage, createLog, limitDrain } from '@lethe/service-kit';
import type { CommandFunction } from '../command-function.ts';
import { takeHome } from '../embedded/home-folder.ts';
import { writeRuntime } from '../embedded/runtime-file.ts';
import { startEmbedded } from '../embedded/start-embedded.ts';
import { exitCodes } from '../output/exit-codes.ts';

interface UpOptions {
  readonly host: string;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly consolePort: number;
  readonly opsAddress?: string;
  readonly backend: BackendPreference;
  readonly maxBatch: number;
  readonly maxWait: number;
  readonly policy?: string;
  readonly ladder?: string;
  readonly intakeSources?: string;
  readonly seed: number;
}

export const run: CommandFunction<UpOptions> = async (options, out) => {
  const log = createLog({ service: 'lethe', format: out.json ? 'json' : 'auto' });
  const stop = shutdownSignal();
  limitDrain(stop.signal, { log, exitCode: exitCodes.internal });
  using home = takeHome(options.home);
  await using lethe = await startEmbedded({
    layout: home.layout,
    log,
    grpcAddress: `${options.host}:${options.grpcPort}`,
    httpAddress: `${options.host}:${options.httpPort}`,
    consoleAddress: `${options.host}:${options.consolePort}`,
    opsAddress: options.opsAddress ?? process.env['LETHE_OPS_ADDRESS'] ?? '',
    backend: options.backend,
    maxBatch: options.maxBatch,
    maxWaitMs: options.maxWait,
    seed: options.seed,
    ...(options.policy === undefined ? {} : { policyYaml: readText('--policy', options.policy) }),
    ...(options.ladder === undefined ? {} : { ladder: readText('--ladder', options.ladder) }),
    ...(options.intakeSources === undefined ? {} : { intakeSources: options.intakeSources }),
    onFatal: (error) => stop.fail(error),
  });
  const startedAt = new Date().toISOString();
  writeRuntime(home.layout, {
    pid: process.pid,
    grpc: lethe.grpcAddress,
    http: lethe.httpAddress,
    console: lethe.consoleAddress,
    startedAt,
  });
  const addresses = {
    grpc: lethe.grpcAddress,
    http: lethe.httpAddress,
    console: lethe.consoleAddress,
  };
  out.result({ home: home.layout.root, ...addresses });
  log.info('up', { ...addresses, home: home.layout.root });
  await collectGarbage();
  if (!stop.signal.aborted) await once(stop.signal, 'abort');
  log.info('stopping: running rounds are dropped and start again with the next `lethe up`');
  const failure = stop.failure();
  if (failure !== undefined) throw failure;
  return exitCodes.ok;
};

/** Aborts at the first SIGTERM or SIGINT; the second one ends the process at once. */
function shutdownSignal() {
  const controller = new AbortController();
  let failure: unknown;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(exitCodes.interrupted);
      controller.abort();
    });
  }
  return {
    signal: controller.signal,
    failure: () => failure,
    fail(error: unknown) {
      failure ??= error;
      controller.abort();
    },
  };
}

function readText(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw LetheError.invalid(
      option,
      file,
      (cause as Error).message,
      'Give a file this user may read.',
    );
  }
}
