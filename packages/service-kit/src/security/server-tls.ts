import { createSecureContext } from 'node:tls';
import { ChangingFiles } from '../changing-files.ts';
import { securitySettings } from './security-settings.ts';

/** PEM texts of a server. */
export interface TlsMaterial {
  readonly certificate: string;
  readonly privateKey: string;
  /** Authorities that sign the certificates of clients; without them none is asked for. */
  readonly clientCa: string | undefined;
}

export interface ServerTls {
  readonly files: Pick<ChangingFiles<TlsMaterial>, 'current'>;
  /** Whether clients are asked for a certificate. */
  readonly hasClientCa: boolean;
  /** Whether a client without a certificate is turned away; else it needs a token. */
  readonly requireClientCertificate: boolean;
}

const lookEveryMs = 1_000;

/** @throws LetheError `invalid` naming a file that cannot be read; the TLS library's for a wrong pair */
export async function readTlsFiles(
  certFile: string,
  keyFile: string,
  clientCaFile: string,
): Promise<ChangingFiles<TlsMaterial>> {
  const files = [certFile, keyFile, ...(clientCaFile === '' ? [] : [clientCaFile])];
  const { tlsCertFile, tlsKeyFile, tlsClientCaFile } = securitySettings;
  const settings = [tlsCertFile, tlsKeyFile, tlsClientCaFile].map(({ env }) => env);
  return await ChangingFiles.read(files, toMaterial, settings);
}

/** Hands `use` the material now and whenever it has changed, until disposed of. */
export function followTls(tls: ServerTls, use: (material: TlsMaterial) => void): Disposable {
  let last: TlsMaterial | undefined;
  const look = async () => {
    const material = await tls.files.current();
    if (material !== last) use(material);
    last = material;
  };
  void look();
  const timer = setInterval(look, lookEveryMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** A certificate and a key that do not belong together must not replace a pair that does. */
function toMaterial(certificate = '', privateKey = '', clientCa?: string): TlsMaterial {
  createSecureContext({ cert: certificate, key: privateKey, ...(clientCa && { ca: clientCa }) });
  return { certificate, privateKey, clientCa };
}
