import { CheckReleaseRequest, EvidenceServiceClient } from '@lethe/contracts';
import { ChangingFiles, connect, type PromiseClient } from '@lethe/service-kit';
import { type AdmissionConfig, admissionSettings as settings } from './config.ts';
import type { CheckRelease } from './release-checker.ts';

type EvidenceClient = PromiseClient<typeof EvidenceServiceClient.service>;

/**
 * Asks the registry, showing our certificate; with the next question after one of the files has
 * changed, over a new connection.
 *
 * @throws LetheError `invalid` naming a file that cannot be read
 */
export async function askRegistry(
  config: AdmissionConfig,
): Promise<CheckRelease & AsyncDisposable> {
  const { registryAddress, registryCaFile, certFile, keyFile, registryTimeoutMs } = config;
  const timing = { timeoutMs: registryTimeoutMs, waitForReadyMs: registryTimeoutMs };
  const clients: EvidenceClient[] = [];
  const open = (tls?: { ca: string; certificate: string; privateKey: string }) => {
    const client = connect(EvidenceServiceClient, registryAddress, {
      ...timing,
      ...(tls && { tls }),
    });
    // Questions on the former connection are answered still.
    clients.push(client);
    const former = clients.length > 1 ? clients.shift() : undefined;
    if (former) setTimeout(() => void former[Symbol.asyncDispose](), 2 * registryTimeoutMs).unref();
    return client;
  };
  const files =
    registryCaFile === ''
      ? undefined
      : await ChangingFiles.read(
          [registryCaFile, certFile, keyFile],
          (ca = '', certificate = '', privateKey = '') => open({ ca, certificate, privateKey }),
          [settings.registryCaFile.env, settings.certFile.env, settings.keyFile.env],
        );
  const plain = files === undefined ? open() : undefined;
  const check: CheckRelease = async (question) => {
    const client = plain ?? (await files!.current());
    return await client.checkRelease(CheckReleaseRequest.fromPartial(question));
  };
  return Object.assign(check, {
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client[Symbol.asyncDispose]();
    },
  });
}
