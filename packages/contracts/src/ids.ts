import { LetheError } from './errors.ts';

declare const modelKeyBrand: unique symbol;
declare const requestIdBrand: unique symbol;
declare const emitterBrand: unique symbol;

/** Names a model, for example `cifar10-resnet20`. Safe as a message key, folder and object name. */
export type ModelKey = string & { readonly [modelKeyBrand]: true };
/** What stands for a model key where a request over several models is meant. */
export const severalModels = '*';

/** UUID of a deletion request, lower case; unique per emitter. */
export type RequestId = string & { readonly [requestIdBrand]: true };
/** Names a system that sends requests. Never a person. */
export type Emitter = string & { readonly [emitterBrand]: true };

const namePattern = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const nameRule =
  'must be 1 to 64 of a-z, 0-9, ".", "_", "-", beginning and ending with a letter or digit';

/** @throws LetheError `invalid` naming `field` */
export function parseModelKey(text: string, field = 'model_key'): ModelKey {
  if (namePattern.test(text)) return text as ModelKey;
  throw LetheError.invalid(
    field,
    text,
    nameRule,
    'Use the key the model was imported under (lethe models).',
  );
}

/** @throws LetheError `invalid` naming `field` */
export function parseEmitter(text: string, field = 'emitter'): Emitter {
  if (namePattern.test(text)) return text as Emitter;
  throw LetheError.invalid(
    field,
    text,
    nameRule,
    'Use the name of the sending system, not of a person.',
  );
}

/** Accepts any letter case, gives lower case. @throws LetheError `invalid` naming `field` */
export function parseRequestId(text: string, field = 'request_id'): RequestId {
  const lower = text.toLowerCase();
  if (uuidPattern.test(lower)) return lower as RequestId;
  throw LetheError.invalid(
    field,
    text,
    'must be a UUID',
    'Make one per request, for example with crypto.randomUUID(), and reuse it on retries.',
  );
}
