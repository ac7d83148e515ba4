import { isIP } from 'node:net';
import { LetheError, parseEmitter, RequestState, requestStateFromJSON } from '@lethe/contracts';
import { AddressPolicy } from './address-policy.ts';

/** Where the statuses of one emitter's requests go. */
export interface CallbackTarget {
  readonly emitter: string;
  readonly url: URL;
  readonly states: ReadonlySet<RequestState>;
  readonly addresses: AddressPolicy;
  /** Authority that signed the receiver's certificate, PEM; those that Node trusts without it. */
  readonly caFile: string | undefined;
}

/** By emitter. */
export type CallbackTargets = ReadonlyMap<string, CallbackTarget>;

/** Ends, and what an emitter must hear of at once. */
const defaultStates: readonly RequestState[] = [
  RequestState.REQUEST_STATE_COMPLETED,
  RequestState.REQUEST_STATE_NO_MATCH,
  RequestState.REQUEST_STATE_REMOVED_FROM_EVALUATION,
  RequestState.REQUEST_STATE_ALREADY_FORGOTTEN,
  RequestState.REQUEST_STATE_ESCALATED,
  RequestState.REQUEST_STATE_CANCELLED,
  RequestState.REQUEST_STATE_DENIED,
  RequestState.REQUEST_STATE_EXPIRED,
  RequestState.REQUEST_STATE_REOPENED,
  RequestState.REQUEST_STATE_DUPLICATE,
];

const form = 'Write {"callbacks":[{"emitter":"shop","url":"https://shop.example/lethe"}]}.';
const known = new Set(['emitter', 'url', 'states', 'networks', 'ca_file']);
const maxUrlCharacters = 2_048;

/**
 * Reads the callbacks file (JSON).
 *
 * @throws LetheError `invalid` naming the place in the file
 */
export function readCallbackTargets(text: string): CallbackTargets {
  const entries = objectOf(parse(text), 'callbacks file')['callbacks'];
  if (!Array.isArray(entries)) {
    throw LetheError.invalid('callbacks', entries, 'must be a list', form);
  }
  const targets = new Map<string, CallbackTarget>();
  for (const [at, entry] of entries.entries()) {
    const place = `callbacks[${at}]`;
    const target = readTarget(objectOf(entry, place), place);
    if (targets.has(target.emitter)) {
      const remedy = 'An emitter has one callback; spread it there.';
      throw LetheError.invalid(`${place}.emitter`, target.emitter, 'is there twice', remedy);
    }
    targets.set(target.emitter, target);
  }
  return targets;
}

function readTarget(entry: Readonly<Record<string, unknown>>, place: string): CallbackTarget {
  for (const name of Object.keys(entry)) {
    if (known.has(name)) continue;
    const remedy = `Use ${[...known].join(', ')}.`;
    throw LetheError.invalid(`${place}.${name}`, entry[name], 'is not known', remedy);
  }
  const networks = textsOf(entry['networks'] ?? [], `${place}.networks`);
  const addresses = new AddressPolicy(networks, `${place}.networks`);
  const caFile = entry['ca_file'];
  return {
    emitter: parseEmitter(textOf(entry['emitter'], `${place}.emitter`), `${place}.emitter`),
    url: readUrl(textOf(entry['url'], `${place}.url`), `${place}.url`, {
      addresses,
      hasNetworks: networks.length > 0,
    }),
    states: readStates(entry['states'], `${place}.states`),
    addresses,
    caFile: caFile === undefined ? undefined : textOf(caFile, `${place}.ca_file`),
  };
}

/** What it says of an address is said without resolving: names are judged at every attempt. */
function readUrl(
  text: string,
  field: string,
  { addresses, hasNetworks }: { addresses: AddressPolicy; hasNetworks: boolean },
): URL {
  const refuse = (what: string, remedy: string) =>
    LetheError.invalid(field, withoutSecrets(text), what, remedy);
  if (text.length > maxUrlCharacters || !URL.canParse(text)) {
    throw refuse('is no URL', 'Give an https URL.');
  }
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && hasNetworks)) {
    throw refuse('is not https', 'http is for networks that are named in "networks" only.');
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    const remedy = 'The signature tells the receiver who calls; a secret path is kept out of logs.';
    throw refuse('has a user, a password or a fragment', remedy);
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !addresses.isAllowed(host)) {
    throw refuse('is not a public address', 'Name its network in "networks" if it is meant.');
  }
  return url;
}

function readStates(given: unknown, field: string): ReadonlySet<RequestState> {
  if (given === undefined) return new Set(defaultStates);
  return new Set(
    textsOf(given, field).map((word) => {
      const name = `REQUEST_STATE_${word.toUpperCase()}`;
      if (/^[a-z_]+$/.test(word) && word !== 'unspecified' && name in RequestState) {
        return requestStateFromJSON(name);
      }
      throw LetheError.invalid(field, word, 'is no state', 'Use words like completed or denied.');
    }),
  );
}

/** A path may be a secret. */
function withoutSecrets(text: string): string {
  return URL.canParse(text) ? new URL(text).origin : '…';
}

function textOf(value: unknown, field: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw LetheError.invalid(field, typeof value, 'must be a text', form);
}

function textsOf(value: unknown, field: string): readonly string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  throw LetheError.invalid(field, typeof value, 'must be a list of texts', form);
}

function objectOf(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw LetheError.invalid(field, typeof value, 'must be a JSON object', form);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw LetheError.invalid('callbacks file', `${text.length} characters`, 'is no JSON', form);
  }
}
