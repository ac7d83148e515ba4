import { expect, test } from 'vitest';
import { annotations, readReview } from './read-review.ts';

const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];

const annotated = (digest: string, model?: string) => ({
  annotations: { [annotations.digest]: digest, ...(model && { [annotations.model]: model }) },
});
const deployment = (podMetadata: object, metadata: object = {}) => ({
  metadata: { name: 'classifier', ...metadata },
  spec: { template: { metadata: podMetadata, spec: {} } },
});

function read(object: unknown, oldObject?: unknown) {
  return readReview(
    JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: 'u-1',
        kind: { kind: 'Deployment' },
        namespace: 'shop',
        name: 'classifier',
        object,
        oldObject,
      },
    }),
  );
}

test('a model is read from the pods that a workload is a template for, and from itself', () => {
  const models = { kind: 'models', digests: [a], modelKey: '' };
  expect(read(deployment(annotated(a)))).toEqual({
    uid: 'u-1',
    what: 'Deployment shop/classifier',
    subject: models,
  });
  expect(read({ metadata: annotated(`sha256:${a}`) }).subject).toEqual(models);
  const cronJob = {
    metadata: {},
    spec: { jobTemplate: { spec: { template: { metadata: annotated(a) } } } },
  };
  expect(read(cronJob).subject).toEqual(models);
  expect(read(deployment(annotated(a, 'm'))).subject).toEqual({ ...models, modelKey: 'm' });
});

test('several models are all asked about, each once', () => {
  const { subject } = read(deployment(annotated(`sha256:${b}, ${a}`), annotated(b)));
  expect(subject).toMatchObject({ kind: 'models', digests: [a, b] });
});

test('a workload whose pods name another model than it does itself is refused', () => {
  expect(read(deployment(annotated(a, 'm'), annotated(a, 'm'))).subject).toMatchObject({
    ...{ kind: 'models', modelKey: 'm' },
  });
  expect(read(deployment(annotated(a, 'm'), annotated(a, 'n'))).subject).toMatchObject({
    ...{ kind: 'unreadable', problem: expect.stringContaining('several models (m, n)') },
  });
});

test('a change that names no other model is no release', () => {
  const before = deployment(annotated(a));
  expect(read({ ...before, replicas: 3 }, before).subject).toEqual({ kind: 'nothing-new' });
  expect(read(deployment(annotated(b)), before).subject).toMatchObject({ digests: [b] });
  expect(read(deployment({})).subject).toEqual({ kind: 'nothing-new' });
});

test.each([
  ['no digest', annotated('latest'), 'not a SHA-256'],
  ['a model without a digest', { annotations: { [annotations.model]: 'm' } }, 'without'],
  [
    'too many',
    annotated(Array.from({ length: 17 }, (_, n) => n.toString(16).padStart(64, '0')).join()),
    '16',
  ],
])('%s is refused with the remedy', (_what, metadata, part) => {
  const { subject } = read(deployment(metadata));
  expect(subject).toMatchObject({ kind: 'unreadable', problem: expect.stringContaining(part) });
});

test.each(['', '[]', '{}', '{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview"}'])(
  'what is no review of this version is an error: %s',
  (body) => {
    expect(() => readReview(body)).toThrow(/body|apiVersion/);
  },
);
