import {
  CallbackServiceClient,
  DeadLetterServiceClient,
  EvaluatorServiceClient,
  EvidenceServiceClient,
  IngestServiceClient,
  LetheError,
  RegistryServiceClient,
  ReleaseServiceClient,
  RequestServiceClient,
  UnlearnerServiceClient,
} from '@lethe/contracts';
import { type ConnectOptions, connect } from '@lethe/service-kit/connect';
import type { GlobalOptions } from '../command-function.ts';
import { readRuntime } from '../embedded/runtime-file.ts';
import { readFile } from '../read-file.ts';

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
    `no lethe is running in --home ${options.home}. Start one with: lethe up --home ${options.home} (one that was just started is ready when it says so)`,
  );
}

/** The emitter that a command states: none where the server knows who calls. */
export function emitterOf(options: Partial<GlobalOptions> & { readonly emitter?: string }): string {
  const isKnown = options.tokenFile !== undefined || options.tlsCert !== undefined;
  return options.emitter ?? (isKnown ? '' : 'cli');
}

/** What a command shows of itself, and whom it trusts. @throws LetheError `invalid` naming a file */
function connectOptionsOf(options: GlobalOptions): ConnectOptions {
  const { tokenFile, tlsCa, tlsCert, tlsKey } = options;
  const isTls = [tlsCa, tlsCert, tlsKey].some((file) => file !== undefined);
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    const missing = tlsCert === undefined ? '--tls-cert' : '--tls-key';
    throw LetheError.invalid(missing, '', 'is missing', 'Give both the certificate and its key.');
  }
  // "system": the authorities that Node knows.
  const ca = tlsCa === 'system' ? undefined : textOf('--tls-ca', tlsCa);
  const tls = {
    ca,
    certificate: textOf('--tls-cert', tlsCert),
    privateKey: textOf('--tls-key', tlsKey),
  };
  const token = textOf('--token-file', tokenFile)?.trim();
  return { ...(isTls && { tls }), ...(token !== undefined && { token }) };
}

function textOf(option: string, file: string | undefined): string | undefined {
  return file === undefined ? undefined : readFile(option, file).toString();
}

export const connectIngest = (options: GlobalOptions) =>
  connect(IngestServiceClient, addressOf(options), connectOptionsOf(options));
export const connectUnlearner = (options: GlobalOptions) =>
  connect(UnlearnerServiceClient, addressOf(options), connectOptionsOf(options));
export const connectEvaluator = (options: GlobalOptions) =>
  connect(EvaluatorServiceClient, addressOf(options), connectOptionsOf(options));
export const connectRegistry = (options: GlobalOptions) =>
  connect(RegistryServiceClient, addressOf(options), connectOptionsOf(options));
export const connectCallbacks = (options: GlobalOptions) =>
  connect(CallbackServiceClient, addressOf(options), connectOptionsOf(options));
export const connectDeadLetters = (options: GlobalOptions) =>
  connect(DeadLetterServiceClient, addressOf(options), connectOptionsOf(options));
export const connectEvidence = (options: GlobalOptions) =>
  connect(EvidenceServiceClient, addressOf(options), connectOptionsOf(options));

/** @param by who decides, where calls are not authenticated */
export const connectRelease = (options: GlobalOptions, by?: string) =>
  connect(ReleaseServiceClient, addressOf(options), namedOptions(options, by));

/** @param by who decides, where calls are not authenticated */
export const connectRequests = (options: GlobalOptions, by?: string) =>
  connect(RequestServiceClient, addressOf(options), namedOptions(options, by));

function namedOptions(options: GlobalOptions, by: string | undefined): ConnectOptions {
  const headers = by === undefined ? {} : { headers: { 'x-lethe-actor': by } };
  return { ...connectOptionsOf(options), ...headers };
}
