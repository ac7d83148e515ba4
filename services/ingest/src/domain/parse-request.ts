import {
  type DeletionRequest,
  type Digest,
  type Emitter,
  isDigest,
  Mode,
  type ModelKey,
  parseEmitter,
  parseModelKey,
  parseRequestId,
  Regulation,
  type RequestId,
  type SampleList,
} from '@lethe/contracts';
import { requireOwnEmitter } from '@lethe/service-kit';
import type { IncomingRequest } from './incoming-request.ts';
import { limits } from './limits.ts';
import { Violations } from './violations.ts';

export type ParsedScope =
  | { readonly kind: 'subject'; readonly handle: string }
  /** Each ascending and without duplicates; not both empty. */
  | {
      readonly kind: 'samples';
      readonly ids: readonly string[];
      readonly sha256: readonly Digest[];
    }
  | { readonly kind: 'class'; readonly label: number };

/** Which models are to forget. */
export type ParsedModels =
  | { readonly kind: 'one'; readonly modelKey: ModelKey }
  /** Ascending and without duplicates, at least one. */
  | { readonly kind: 'listed'; readonly modelKeys: readonly ModelKey[] }
  | { readonly kind: 'all' };

/** A request that is well formed; whether the model can serve it is not looked at yet. */
export interface ParsedRequest {
  readonly requestId: RequestId;
  readonly emitter: Emitter;
  readonly models: ParsedModels;
  readonly scope: ParsedScope;
  readonly regulation: Regulation;
  /** Undefined: not stated; the time of intake counts. */
  readonly submittedTime: Date | undefined;
  /** `MODE_UNSPECIFIED`: the model's default. */
  readonly mode: Mode;
  readonly relabelTo: number | undefined;
}

export interface ParseContext {
  readonly now: Date;
  /** Stated beside the request, for example in a header. */
  readonly statedEmitter: string | undefined;
  /** The only emitter that the caller may speak for, where callers are known. */
  readonly ownEmitter?: string | undefined;
  readonly defaultEmitter: string;
}

/**
 * @throws LetheError `invalid` with every violation that can be seen without the model; `denied` for
 *   a request that states another emitter than the caller's own
 */
export function parseRequest(incoming: IncomingRequest, context: ParseContext): ParsedRequest {
  const violations = new Violations(incoming.problems);
  if (incoming.kind === 'unreadable') throw violations.toError();
  const { request } = incoming;
  const requestId = violations.attempt(() => parseRequestId(request.requestId));
  const emitter = parseEmitterOf(request, context, violations);
  const models = parseModels(request, violations);
  const scope = parseScope(request, violations);
  const regulation = parseRegulation(request.regulation, violations);
  const submittedTime = parseSubmittedTime(request.submittedTime, context.now, violations);
  const { mode, relabelTo } = parseMode(request, violations);
  if (!violations.isEmpty || !requestId || !emitter || !models || !scope) {
    throw violations.toError();
  }
  return { requestId, emitter, models, scope, regulation, submittedTime, mode, relabelTo };
}

function parseEmitterOf(
  { emitter }: DeletionRequest,
  { statedEmitter, ownEmitter, defaultEmitter }: ParseContext,
  violations: Violations,
): Emitter | undefined {
  if (ownEmitter !== undefined) {
    for (const stated of [emitter, statedEmitter ?? '']) requireOwnEmitter(ownEmitter, stated);
    return parseEmitter(ownEmitter);
  }
  if (emitter !== '' && statedEmitter !== undefined && emitter !== statedEmitter) {
    violations.add(
      'emitter',
      emitter,
      `differs from the emitter stated beside the request (${statedEmitter})`,
      'State it once.',
    );
    return undefined;
  }
  return violations.attempt(() => parseEmitter(emitter || (statedEmitter ?? defaultEmitter)));
}

function parseModels(
  { modelKey, modelKeys, allModels, scope }: DeletionRequest,
  violations: Violations,
): ParsedModels | undefined {
  const stated = [modelKey !== '', modelKeys.length > 0, allModels].filter(Boolean).length;
  if (stated > 1) {
    const remedy = 'Give one of model_key, model_keys and all_models.';
    violations.add('model_key', modelKey, 'is not all that says which models are meant', remedy);
    return undefined;
  }
  if (modelKeys.length === 0 && !allModels) {
    const parsed = violations.attempt(() => parseModelKey(modelKey));
    return parsed && { kind: 'one', modelKey: parsed };
  }
  const field = allModels ? 'all_models' : 'model_keys';
  if (scope?.kind !== undefined && scope.kind.$case !== 'subject') {
    const remedy = 'Samples and labels are of one model: send a request for each.';
    violations.add(field, scope.kind.$case, 'goes with a subject only', remedy);
    return undefined;
  }
  if (allModels) return { kind: 'all' };
  if (modelKeys.length > limits.models) {
    violations.add(
      field,
      `${modelKeys.length} models`,
      `names more than ${limits.models} models`,
      'Send several requests, each with its own request id.',
    );
    return undefined;
  }
  const keys = modelKeys.map((text, at) =>
    violations.attempt(() => parseModelKey(text, `${field}[${at}]`)),
  );
  if (keys.some((key) => key === undefined)) return undefined;
  return { kind: 'listed', modelKeys: sortedUnique(keys as ModelKey[]) };
}

function parseScope({ scope }: DeletionRequest, violations: Violations): ParsedScope | undefined {
  const kind = scope?.kind;
  switch (kind?.$case) {
    case 'subject':
      if (!checkName('scope.subject', kind.value, violations)) return undefined;
      return { kind: 'subject', handle: kind.value };
    case 'samples':
      return parseSamples(kind.value, violations);
    case 'classLabel':
      return { kind: 'class', label: kind.value };
    case undefined:
      violations.add('scope', '', 'is empty', 'Name a subject, samples or a class label.');
      return undefined;
    default:
      return kind satisfies never;
  }
}

function parseSamples(
  { ids, sha256 }: SampleList,
  violations: Violations,
): ParsedScope | undefined {
  const count = ids.length + sha256.length;
  if (count === 0) {
    violations.add('scope.samples', '', 'is empty', 'Name at least one id or SHA-256.');
    return undefined;
  }
  if (count > limits.listedSamples) {
    violations.add(
      'scope.samples',
      `${count} samples`,
      `lists more than ${limits.listedSamples} samples`,
      'Send several requests, each with its own request id.',
    );
    return undefined;
  }
  ids.forEach((id, at) => {
    checkName(`scope.samples.ids[${at}]`, id, violations);
  });
  const digests = sha256.map((text, at) => {
    const digest = text.toLowerCase();
    if (!isDigest(digest)) {
      const field = `scope.samples.sha256[${at}]`;
      violations.add(field, text, 'is not a SHA-256', 'Give 64 hexadecimal digits.');
    }
    return digest as Digest;
  });
  return { kind: 'samples', ids: sortedUnique(ids), sha256: sortedUnique(digests) };
}

/** Decoders put U+FFFD where bytes were no UTF-8; JSON escapes can make lone surrogates. */
const illFormed = /[\p{Surrogate}\ufffd]/u;

function checkName(field: string, text: string, violations: Violations): boolean {
  if (text === '') {
    violations.add(field, text, 'is empty', 'Give the handle or id as in the training manifest.');
  } else if (text.length > limits.nameCharacters) {
    const most = `has more than ${limits.nameCharacters} characters`;
    violations.add(field, text, most, 'Give the handle or id as in the training manifest.');
  } else if (illFormed.test(text)) {
    violations.add(field, text, 'is not valid UTF-8', 'Encode the text as UTF-8.');
  } else {
    return true;
  }
  return false;
}

function parseRegulation(regulation: Regulation, violations: Violations): Regulation {
  if (regulation === Regulation.REGULATION_UNSPECIFIED) return Regulation.REGULATION_GDPR;
  if (!isKnown(Regulation, regulation)) {
    violations.add('regulation', regulation, 'is unknown', 'Use GDPR, CCPA or OTHER.');
  }
  return regulation;
}

function parseSubmittedTime(
  time: Date | undefined,
  now: Date,
  violations: Violations,
): Date | undefined {
  if (time === undefined) return undefined;
  const ms = time.getTime();
  if (Number.isNaN(ms)) {
    violations.add('submitted_time', 'no time', 'is not a time', 'Use RFC 3339, in UTC.');
  } else if (ms > now.getTime() + limits.clockSkewMs) {
    violations.add(
      'submitted_time',
      time.toISOString(),
      `is in the future (it is ${now.toISOString()} here)`,
      'Check the clock and the time zone; give the time at which the person asked.',
    );
  } else if (ms < now.getTime() - limits.oldestMs) {
    violations.add(
      'submitted_time',
      time.toISOString(),
      'is more than ten years ago',
      'Check the unit: seconds, not milliseconds, since 1970.',
    );
  }
  return time;
}

function parseMode(
  { mode, relabelTo }: DeletionRequest,
  violations: Violations,
): { mode: Mode; relabelTo: number | undefined } {
  if (!isKnown(Mode, mode)) {
    violations.add('mode', mode, 'is unknown', 'Use untrain, misclassify or relabel.');
  } else if (mode === Mode.MODE_RELABEL && relabelTo === undefined) {
    violations.add('relabel_to', '', 'is missing', 'Mode relabel needs the label to give.');
  } else if (mode !== Mode.MODE_RELABEL && relabelTo !== undefined) {
    violations.add('relabel_to', relabelTo, 'only goes with mode relabel', 'Leave it out.');
  }
  return { mode, relabelTo };
}

function isKnown(values: Readonly<Record<string, number>>, value: number): boolean {
  return Object.values(values).includes(value);
}

function sortedUnique<T extends string>(texts: readonly T[]): readonly T[] {
  return [...new Set(texts)].sort();
}
