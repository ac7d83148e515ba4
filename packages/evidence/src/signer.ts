import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { LetheError } from '@lethe/contracts';
import { encodeEnvelope, preAuthEncoding, statementPayloadType } from './dsse.ts';
import { keyIdOf } from './key-set.ts';
import { type Statement, statementBytes } from './statement.ts';

/** Signs with one Ed25519 key. */
export interface Signer {
  readonly keyId: string;
  readonly publicKey: KeyObject;
  /** 64 bytes (RFC 8032); the same message always gives the same. */
  sign(message: Uint8Array): Uint8Array;
}

export function signerOf(privateKey: KeyObject): Signer {
  const publicKey = createPublicKey(privateKey);
  return {
    keyId: keyIdOf(publicKey),
    publicKey,
    sign: (message) => sign(null, message, privateKey),
  };
}

/** @throws LetheError `invalid` naming `what` when the text is no Ed25519 private key in PEM */
export function signerFromPem(pem: string, what: string): Signer {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(pem);
  } catch {
    key = undefined;
  }
  if (key?.asymmetricKeyType === 'ed25519') return signerOf(key);
  throw new LetheError(
    'invalid',
    `${what} holds no Ed25519 private key. Make one with: openssl genpkey -algorithm ed25519`,
  );
}

/** The statement in a signed DSSE envelope, as one line of JSON. */
export function signStatement(statement: Statement, signer: Signer): string {
  const payload = statementBytes(statement);
  const signature = signer.sign(preAuthEncoding(statementPayloadType, payload));
  return encodeEnvelope({
    payloadType: statementPayloadType,
    payload,
    signatures: [{ keyId: signer.keyId, signature }],
  });
}
