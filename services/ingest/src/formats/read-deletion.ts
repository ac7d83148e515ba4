import {
  type DeletionRequest,
  Mode,
  Regulation,
  type Scope,
  shorten,
  type Violation,
} from '@lethe/contracts';
import type { IncomingRequest } from '../domain/incoming-request.ts';
import { isJsonObject, JsonFields } from './json-fields.ts';

/** Our JSON form of a request, field names as in request.proto (snake_case or camelCase). */
export function readDeletion(json: unknown): IncomingRequest {
  if (!isJsonObject(json)) return notAnObject(json);
  const problems: Violation[] = [];
  const fields = new JsonFields(json, '', problems);
  const request: DeletionRequest = {
    requestId: fields.text('request_id'),
    emitter: fields.text('emitter'),
    modelKey: fields.text('model_key'),
    modelKeys: fields.texts('model_keys'),
    allModels: fields.flag('all_models'),
    scope: fields.has('scope') ? readScope(fields.object('scope'), problems) : undefined,
    regulation: fields.choice('regulation', Regulation, 'REGULATION_'),
    submittedTime: fields.time('submitted_time'),
    mode: fields.choice('mode', Mode, 'MODE_'),
    relabelTo: fields.uint32('relabel_to'),
  };
  fields.end();
  return { kind: 'read', request, problems };
}

/** @param field that should have held the object */
export function notAnObject(json: unknown, field = 'body'): IncomingRequest {
  const description = 'must be a JSON object';
  const problem = { field, value: shorten(json), description, remedy: 'Send an object.' };
  return { kind: 'unreadable', problems: [problem] };
}

function readScope(fields: JsonFields, problems: Violation[]): Scope {
  const kinds = ['subject', 'samples', 'class_label'].filter((name) => fields.has(name));
  if (kinds.length > 1) {
    problems.push({
      field: 'scope',
      value: kinds.join(', '),
      description: 'names more than one kind of scope',
      remedy: 'Send one request for each.',
    });
  }
  const kind = readKind(fields, kinds[0]);
  for (const other of kinds.slice(1)) fields.take(other);
  fields.end();
  return { kind };
}

function readKind(fields: JsonFields, kind: string | undefined): Scope['kind'] {
  switch (kind) {
    case 'subject':
      return { $case: 'subject', value: fields.text('subject') };
    case 'samples': {
      const samples = fields.object('samples');
      const value = { ids: samples.texts('ids'), sha256: samples.texts('sha256') };
      samples.end();
      return { $case: 'samples', value };
    }
    case 'class_label':
      // An unreadable label is a problem already: whatever stands here, the request is refused.
      return { $case: 'classLabel', value: fields.uint32('class_label') ?? 0 };
    default:
      return undefined;
  }
}
