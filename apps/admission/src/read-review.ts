import { isDigest, LetheError } from '@lethe/contracts';

/** What a workload says of the model inside it. */
export const annotations = {
  /** SHA-256 of its weights.bin, with or without `sha256:`; several with commas between them. */
  digest: 'lethe.dev/model-digest',
  /** Key of the model in Lethe, where only that one will do. */
  model: 'lethe.dev/model',
} as const;

/** A workload stating more is a mistake, and each costs a call. */
const maxDigests = 16;

/** What is asked about one object. */
export interface Review {
  readonly uid: string;
  /** For people: `Deployment shop/classifier`. */
  readonly what: string;
  readonly subject: ReviewSubject;
}

export type ReviewSubject =
  | { readonly kind: 'models'; readonly digests: readonly string[]; readonly modelKey: string }
  /** It names no model, or the models that it named before: scaling it is no release. */
  | { readonly kind: 'nothing-new' }
  | { readonly kind: 'unreadable'; readonly problem: string };

/**
 * Reads an AdmissionReview (admission.k8s.io/v1).
 *
 * @throws LetheError `invalid` when it is none
 */
export function readReview(body: string): Review {
  const review = parse(body);
  const { apiVersion, kind, request } = review;
  if (apiVersion !== 'admission.k8s.io/v1' || kind !== 'AdmissionReview') {
    const remedy = 'Register the webhook with admissionReviewVersions: [v1].';
    throw LetheError.invalid('apiVersion', `${apiVersion} ${kind}`, 'is not known', remedy);
  }
  if (!isRecord(request) || typeof request['uid'] !== 'string' || request['uid'] === '') {
    throw LetheError.invalid('request.uid', '', 'is missing', 'Send what Kubernetes sends.');
  }
  const { uid, object, oldObject, namespace = '' } = request;
  const kindName = isRecord(request['kind']) ? request['kind']['kind'] : undefined;
  // Of a name that is still to be generated the review holds only the prefix, in the object.
  const metadata = isRecord(object) && isRecord(object['metadata']) ? object['metadata'] : {};
  const name = request['name'] || metadata['generateName'] || '';
  return {
    uid,
    what: `${kindName ?? 'object'} ${namespace}/${name}`,
    subject: subjectOf(object, oldObject),
  };
}

function subjectOf(object: unknown, oldObject: unknown): ReviewSubject {
  const stated = statedBy(object);
  if (stated.digests.length === 0) {
    if (stated.modelKeys.length === 0) return { kind: 'nothing-new' };
    const problem = `${annotations.model} is there without ${annotations.digest}: add the SHA-256 of weights.bin`;
    return { kind: 'unreadable', problem };
  }
  if (stated.modelKeys.length > 1) {
    const problem = `${annotations.model} names several models (${stated.modelKeys.join(', ').slice(0, 200)}): name one, in the workload and in its pods`;
    return { kind: 'unreadable', problem };
  }
  const wrong = stated.digests.find((digest) => !isDigest(digest));
  if (wrong !== undefined) {
    const problem = `${annotations.digest} "${wrong.slice(0, 80)}" is not a SHA-256: give 64 hexadecimal digits`;
    return { kind: 'unreadable', problem };
  }
  if (stated.digests.length > maxDigests) {
    const problem = `${annotations.digest} names ${stated.digests.length} models: ${maxDigests} are the most`;
    return { kind: 'unreadable', problem };
  }
  if (JSON.stringify(stated) === JSON.stringify(statedBy(oldObject))) {
    return { kind: 'nothing-new' };
  }
  return { kind: 'models', digests: stated.digests, modelKey: stated.modelKeys[0] ?? '' };
}

/** Of the object itself and of the pods that it is a template for. */
function statedBy(object: unknown): {
  readonly digests: readonly string[];
  readonly modelKeys: readonly string[];
} {
  const template = at(object, 'spec', 'template');
  const jobTemplate = at(object, 'spec', 'jobTemplate');
  const found = [object, template, jobTemplate, at(jobTemplate, 'spec', 'template')].map((place) =>
    at(place, 'metadata', 'annotations'),
  );
  const valuesOf = (name: string) =>
    found.flatMap((each) => (isRecord(each) && typeof each[name] === 'string' ? each[name] : []));
  const digests = valuesOf(annotations.digest)
    .flatMap((text) => text.split(','))
    .map((text) => text.trim().replace(/^sha256:/, ''))
    .filter((text) => text !== '');
  return {
    digests: [...new Set(digests)].sort(),
    modelKeys: [...new Set(valuesOf(annotations.model).filter((text) => text !== ''))].sort(),
  };
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((found, key) => (isRecord(found) ? found[key] : undefined), value);
}

function parse(body: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw LetheError.invalid('body', body, 'is not JSON', 'Send what Kubernetes sends.');
  }
  if (isRecord(json)) return json;
  throw LetheError.invalid('body', body, 'is not an object', 'Send what Kubernetes sends.');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
