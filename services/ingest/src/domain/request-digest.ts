import { createHmac } from 'node:crypto';
import { canonicalJson, DeletionRequest, type Digest } from '@lethe/contracts';
import type { ParsedRequest } from './parse-request.ts';

/**
 * HMAC-SHA-256 of the canonical JSON of a request as understood: ids and digests sorted and unique,
 * regulation filled in. Times and modes that were not stated stay out, so that a request sent
 * again later has the same digest. Keyed, because it leaves intake and covers the subject's handle:
 * without the secret a guessed handle cannot be confirmed (P6).
 */
export function requestDigest(request: ParsedRequest, secret: Uint8Array): Digest {
  const text = canonicalJson(DeletionRequest.toJSON(toMessage(request)));
  return createHmac('sha256', secret).update(text).digest('hex') as Digest;
}

function toMessage(request: ParsedRequest): DeletionRequest {
  const { models } = request;
  return {
    requestId: request.requestId,
    emitter: request.emitter,
    modelKey: models.kind === 'one' ? models.modelKey : '',
    modelKeys: models.kind === 'listed' ? [...models.modelKeys] : [],
    allModels: models.kind === 'all',
    scope: { kind: scopeKind(request.scope) },
    regulation: request.regulation,
    submittedTime: request.submittedTime,
    mode: request.mode,
    relabelTo: request.relabelTo,
  };
}

function scopeKind(scope: ParsedRequest['scope']): NonNullable<DeletionRequest['scope']>['kind'] {
  switch (scope.kind) {
    case 'subject':
      return { $case: 'subject', value: scope.handle };
    case 'samples':
      return { $case: 'samples', value: { ids: [...scope.ids], sha256: [...scope.sha256] } };
    case 'class':
      return { $case: 'classLabel', value: scope.label };
    default:
      return scope satisfies never;
  }
}
