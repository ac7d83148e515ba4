/**
 * What an S3 server, the network or TLS says, as a LetheError that names the remedy.
 * Codes: S3's error responses, and MinIO's own (cmd/api-errors.go), which begin with `XMinio`.
 */
import { type ErrorCode, LetheError } from '@lethe/contracts';

/** What happened on the wire, before it is known what it means. */
export interface S3Failure {
  /** S3's code, or the system's: `NoSuchKey`, `ECONNREFUSED`. */
  readonly code: string;
  readonly message: string;
}

type Meaning = readonly [ErrorCode, string];

const keys = 'Check store-access-key-file and store-secret-key-file, and the policy of that key';
const full = 'Add disk space or raise the quota; nothing was half-written';
const unknown = 'Whether it was done is not known: read it back';
const certificate = 'Give the CA that signed it (store-ca-file), and the name that is in it';

const serverMeanings: Readonly<Record<string, Meaning>> = {
  AccessDenied: ['precondition', `it denies access. ${keys}`],
  InvalidAccessKeyId: ['precondition', `it does not know the access key. ${keys}`],
  SignatureDoesNotMatch: ['precondition', `the secret key is not the right one. ${keys}`],
  ExpiredToken: ['precondition', `the key has expired. ${keys}`],
  InvalidTokenId: ['precondition', `it does not know the access key. ${keys}`],
  RequestTimeTooSkewed: ['precondition', 'its clock and ours differ too much. Set them by NTP'],
  AuthorizationHeaderMalformed: ['precondition', 'it is in another region. Set store-region'],
  XMinioServerNotInitialized: ['unavailable', 'it is still starting. Try again'],
  NoSuchBucket: ['precondition', 'it has no such bucket. Make it with lethe bucket apply'],
  ObjectLocked: ['precondition', 'an object lock keeps it. Use a bucket without object lock'],
  MethodNotAllowed: ['precondition', 'it does not do that. Use a server that speaks S3'],
  NotImplemented: ['precondition', 'it does not do that. Use a server that honours conditions'],
  XMinioStorageFull: ['capacity', `its disks are full. ${full}`],
  InsufficientStorage: ['capacity', `its disks are full. ${full}`],
  QuotaExceeded: ['capacity', `its quota is used up. ${full}`],
  XMinioAdminBucketQuotaExceeded: ['capacity', `the quota of the bucket is used up. ${full}`],
  EntityTooLarge: ['capacity', 'it takes no object of that size. Store less'],
  KeyTooLongError: ['invalid', 'the key is too long for it. Use parts of at most 255 bytes'],
  XMinioInvalidObjectName: [
    'invalid',
    'it cannot keep such a key. Use parts between slashes of at most 255 bytes',
  ],
  BadDigest: ['unavailable', 'the bytes arrived damaged and were not stored. Try again'],
  XAmzContentSHA256Mismatch: ['unavailable', 'the bytes arrived damaged and were not stored'],
  XAmzContentChecksumMismatch: ['unavailable', 'the bytes arrived damaged and were not stored'],
  InvalidChecksum: ['unavailable', 'the bytes arrived damaged and were not stored. Try again'],
};

const wireMeanings: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: ['unavailable', 'nothing listens there. Is it running?'],
  ENOTFOUND: ['unavailable', 'its name is not known. Check the address'],
  EAI_AGAIN: ['unavailable', 'its name cannot be looked up now. Check the name server'],
  TLS_WANTED: ['precondition', 'it wants TLS there. Write https in its address'],
  EPROTO: ['precondition', 'it speaks no TLS there. Check the address: https or http, and port'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['precondition', `its certificate is not trusted. ${certificate}`],
  SELF_SIGNED_CERT_IN_CHAIN: ['precondition', `its certificate is not trusted. ${certificate}`],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'precondition',
    `its certificate is not trusted. ${certificate}`,
  ],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    'precondition',
    `its certificate is not trusted. ${certificate}`,
  ],
  CERT_SIGNATURE_FAILURE: ['precondition', `its certificate is not trusted. ${certificate}`],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'precondition',
    `its certificate is for another name. ${certificate}`,
  ],
  CERT_HAS_EXPIRED: ['precondition', 'its certificate has expired. Renew it'],
  CERT_NOT_YET_VALID: ['precondition', 'its certificate is not valid yet. Check the clocks'],
};

/** Nothing was written, and trying again may help. A plain 503 may come after a partial write. */
const notDone = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'XMinioServerNotInitialized',
  'InvalidAccessKeyId',
  'ConditionalRequestConflict',
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'XAmzContentChecksumMismatch',
  'InvalidChecksum',
]);

/** What kept us from writing, for sure: a write may be tried again whatever its condition. */
export function isNotDone({ code }: S3Failure): boolean {
  return notDone.has(code);
}

/** A server that has just been started says so for a while: MinIO reads its users last. */
export function isStarting({ code }: S3Failure): boolean {
  return code === 'XMinioServerNotInitialized' || code === 'InvalidAccessKeyId';
}

/** @param action for example `store models/m/serving.json in` */
export function s3Error(failure: S3Failure, where: string, action: string): LetheError {
  const [code, sentence] = meaningOf(failure);
  return new LetheError(code, `cannot ${action} ${where}: ${sentence}`, {
    cause: new Error(`${failure.code}: ${failure.message}`),
  });
}

/** The code and text of anything that was thrown while talking to the server. */
export function failureOf(thrown: unknown): S3Failure {
  const { code, message } = (thrown ?? {}) as { code?: unknown; message?: unknown };
  const text = typeof message === 'string' ? message : String(thrown);
  if (/WORM protected/.test(text)) return { code: 'ObjectLocked', message: text };
  // MinIO says so when a disk fills up in the middle of a write, before it has noticed.
  if (/no space left on device/.test(text)) return { code: 'XMinioStorageFull', message: text };
  return { code: typeof code === 'string' ? code : '', message: text };
}

function meaningOf({ code, message }: S3Failure): Meaning {
  const known = serverMeanings[code] ?? wireMeanings[code];
  if (known !== undefined) return known;
  // Whatever else ended a request may have come after the write.
  return [
    'unavailable',
    `${[code, message].filter(Boolean).join(': ') || 'no answer'}. ${unknown}`,
  ];
}
