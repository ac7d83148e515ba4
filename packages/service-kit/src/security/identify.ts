import type { PeerCertificate } from 'node:tls';
import { LetheError, sha256 } from '@lethe/contracts';
import { anyone, type Identity } from './identity.ts';
import type { Identities } from './read-identities.ts';

/** What a caller shows of itself. */
export interface Credentials {
  /** The Authorization header: `Bearer TOKEN`. */
  readonly authorization?: string | undefined;
  /** A certificate that the TLS layer has verified, and no other. */
  readonly certificate?: PeerCertificate | undefined;
}

const remedy = 'Send a token (authorization: Bearer …) or a client certificate';

/**
 * Who calls. A token wins over a certificate: it was shown on purpose.
 *
 * @param identities without them, authentication is off
 * @throws LetheError `unauthenticated`
 */
export function identify(identities: Identities | undefined, shown: Credentials): Identity {
  if (identities === undefined) return anyone;
  if (shown.authorization !== undefined) return byToken(identities, shown.authorization);
  if (shown.certificate !== undefined) return byCertificate(identities, shown.certificate);
  throw new LetheError('unauthenticated', `nothing says who calls. ${remedy}`);
}

function byToken({ byToken }: Identities, authorization: string): Identity {
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  if (token === undefined) {
    throw new LetheError('unauthenticated', `the authorization is no bearer token. ${remedy}`);
  }
  // Looked up by its hash: how long that takes says nothing about tokens that are known.
  const identity = byToken.get(sha256(token));
  if (identity !== undefined) return identity;
  throw new LetheError(
    'unauthenticated',
    'the token is not known here. Check it, or get a new one',
  );
}

function byCertificate({ byCertificate }: Identities, certificate: PeerCertificate): Identity {
  const names = namesOf(certificate);
  for (const name of names) {
    const identity = byCertificate.get(name);
    if (identity !== undefined) return identity;
  }
  const message = `the certificate of ${names.join(', ') || 'nobody'} is not in the identities file`;
  throw new LetheError('unauthenticated', `${message}. Add one of its names`);
}

/** Subject alternative names first: they are what a certificate is for. */
function namesOf({ subject, subjectaltname }: PeerCertificate): string[] {
  const alternative = (subjectaltname ?? '').split(', ').filter((name) => /^(DNS|URI):/.test(name));
  const { CN: common } = subject ?? {};
  return [...alternative, ...[common ?? []].flat().map((name) => `CN=${name}`)];
}
