import {
  EvaluatorServiceClient,
  IngestServiceClient,
  LetheError,
  RegistryServiceClient,
  UnlearnerServiceClient,
} from '@lethe/contracts';
import { connect } from '@lethe/service-kit';
import type { GlobalOptions } from '../command-function.ts';
import { readRuntime } from '../embedded/home-folder.ts';

/**
 * gRPC address of the Lethe a command talks to.
 *
 * @throws LetheError `unavailable` when none is running in `--home`
 */
export function addressOf(options: GlobalOptions): string {
  if (options.address !== undefined) return options.address;
  const runtime = readRuntime(options.home);
  if (runtime !== undefined) return runtime.grpc;
  throw new LetheError(
    'unavailable',
    `no lethe is running in --home ${options.home}. Start one with: lethe up --home ${options.home}`,
  );
}

export const connectIngest = (options: GlobalOptions) =>
  connect(IngestServiceClient, addressOf(options));
export const connectUnlearner = (options: GlobalOptions) =>
  connect(UnlearnerServiceClient, addressOf(options));
export const connectEvaluator = (options: GlobalOptions) =>
  connect(EvaluatorServiceClient, addressOf(options));
export const connectRegistry = (options: GlobalOptions) =>
  connect(RegistryServiceClient, addressOf(options));
