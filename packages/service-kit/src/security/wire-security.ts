/** What protects an address that a service listens on: TLS, who may call, and whether it is enough. */
import { isLoopback, LetheError } from '@lethe/contracts';
import { ChangingFiles } from '../changing-files.ts';
import type { ConfigOf } from '../config/config-table.ts';
import type { Log } from '../log/log.ts';
import { CallGuard } from './call-guard.ts';
import { readIdentities } from './read-identities.ts';
import { securitySettings } from './security-settings.ts';
import { readTlsFiles, type ServerTls } from './server-tls.ts';

export interface WireSecurity {
  /** Without it, plaintext. */
  readonly tls?: ServerTls;
  readonly guard: CallGuard;
  /** Allows addresses that other machines reach without TLS or without identities. */
  readonly allowInsecure: boolean;
}

export type SecurityConfig = ConfigOf<typeof securitySettings>;

/** Plaintext, and everybody may do everything: for addresses of this machine only. */
export const openOnLoopback: WireSecurity = { guard: new CallGuard(), allowInsecure: false };

/** @throws LetheError `invalid` for settings that cannot work, naming the setting or the file */
export async function openSecurity(config: SecurityConfig, log: Log): Promise<WireSecurity> {
  const { tlsCertFile, tlsKeyFile, tlsClientCaFile, identitiesFile } = config;
  if ((tlsCertFile === '') !== (tlsKeyFile === '')) {
    const missing = tlsCertFile === '' ? securitySettings.tlsCertFile : securitySettings.tlsKeyFile;
    throw LetheError.invalid(
      missing.env,
      '',
      'is missing',
      'Set both the certificate and its key.',
    );
  }
  if (tlsCertFile === '' && (tlsClientCaFile !== '' || config.tlsRequireClientCertificate)) {
    const { env } = securitySettings.tlsCertFile;
    throw LetheError.invalid(env, '', 'is missing', 'Client certificates need TLS here.');
  }
  if (config.tlsRequireClientCertificate && tlsClientCaFile === '') {
    const { env } = securitySettings.tlsClientCaFile;
    throw LetheError.invalid(env, '', 'is missing', 'Say which client certificates are taken.');
  }
  const guard = new CallGuard(
    identitiesFile === ''
      ? undefined
      : await ChangingFiles.read([identitiesFile], (text = '') => readIdentities(text), [
          securitySettings.identitiesFile.env,
        ]),
  );
  if (guard.isOpen)
    log.info('no identities are configured: whoever reaches this may do everything');
  return {
    guard,
    allowInsecure: config.listenAllowInsecure,
    ...(tlsCertFile === ''
      ? {}
      : {
          tls: {
            files: await tlsFiles(tlsCertFile, tlsKeyFile, tlsClientCaFile),
            hasClientCa: tlsClientCaFile !== '',
            requireClientCertificate: config.tlsRequireClientCertificate,
          },
        }),
  };
}

/**
 * @param address `HOST:PORT`
 * @throws LetheError `invalid` when other machines could reach it unprotected
 */
export function requireSafeAddress(
  what: string,
  address: string,
  { tls, guard, allowInsecure }: WireSecurity,
): void {
  const host = address.slice(0, address.lastIndexOf(':'));
  if (allowInsecure || isLoopback(host) || (tls !== undefined && !guard.isOpen)) return;
  const lacking = [
    ...(tls === undefined ? ['TLS'] : []),
    ...(guard.isOpen ? ['authentication'] : []),
  ].join(' and ');
  throw LetheError.invalid(
    what,
    address,
    `can be reached from other machines, without ${lacking}`,
    `Set ${securitySettings.tlsCertFile.env}, ${securitySettings.tlsKeyFile.env} and ${securitySettings.identitiesFile.env}, listen on 127.0.0.1, or allow it with ${securitySettings.listenAllowInsecure.env}=true.`,
  );
}

async function tlsFiles(cert: string, key: string, clientCa: string): Promise<ServerTls['files']> {
  try {
    return await readTlsFiles(cert, key, clientCa);
  } catch (cause) {
    if (cause instanceof LetheError) throw cause;
    const { env } = securitySettings.tlsCertFile;
    throw LetheError.invalid(
      env,
      cert,
      `and its key ${key} cannot be used: ${(cause as Error).message}`,
      'Give PEM files that belong together.',
    );
  }
}
