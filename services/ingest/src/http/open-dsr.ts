import { type Receipt, Regulation, type Violation } from '@lethe/contracts';
import type { IncomingRequest } from '../domain/incoming-request.ts';
import { isJsonObject, JsonFields } from '../formats/json-fields.ts';
import { notAnObject } from '../formats/read-deletion.ts';

/** The one kind of identity that intake understands: the subject's handle in the manifest. */
const identityType = 'controller_customer_id';

/** What OpenDSR calls discovery: what this processor can do. */
export const discovery = {
  api_version: '2.0',
  supported_identities: [{ identity_type: identityType, identity_format: 'raw' }],
  supported_subject_request_types: ['erasure'],
};

/**
 * An erasure request in the shape of OpenDSR 1.0 and 2.0. The model is named in
 * `extensions.lethe` (`model_key`, `model_keys` or `all_models`); `status_callback_urls` are not used: the receiver is configured (decision 0094).
 */
export function readOpenDsr(json: unknown): IncomingRequest {
  if (!isJsonObject(json)) return notAnObject(json);
  const problems: Violation[] = [];
  const fields = new JsonFields(json, '', problems);
  const kind = fields.text('subject_request_type');
  if (kind !== 'erasure') {
    problems.push({
      field: 'subject_request_type',
      value: kind,
      description: 'is not a request that can be served',
      remedy: 'Use erasure: Lethe makes models forget, it holds no data to give out.',
    });
  }
  const regulation = fields.choice('regulation', Regulation, 'REGULATION_');
  const lethe = readExtension(fields);
  return {
    kind: 'read',
    request: {
      requestId: fields.text('subject_request_id'),
      emitter: '',
      modelKey: lethe.text('model_key'),
      modelKeys: lethe.texts('model_keys'),
      allModels: lethe.flag('all_models'),
      scope: { kind: { $case: 'subject', value: readSubject(fields, problems) } },
      regulation,
      submittedTime: fields.time('submitted_time'),
      mode: 0,
      relabelTo: undefined,
    },
    problems,
  };
}

function readExtension(fields: JsonFields): JsonFields {
  if (!fields.has('extensions')) return new JsonFields({}, 'extensions.lethe', []);
  const extensions = fields.object('extensions');
  return extensions.has('lethe')
    ? extensions.object('lethe')
    : new JsonFields({}, 'extensions.lethe', []);
}

function readSubject(fields: JsonFields, problems: Violation[]): string {
  const identities = fields.take('subject_identities');
  const usable = Array.isArray(identities) ? identities : [];
  if (usable.length !== 1) {
    problems.push({
      field: 'subject_identities',
      value: `${usable.length} identities`,
      description: 'must hold exactly one identity',
      remedy: `Give the subject's handle as one ${identityType}, raw.`,
    });
  }
  const identity = new JsonFields(usable[0] ?? {}, 'subject_identities[0]', problems);
  const type = identity.text('identity_type');
  const format = identity.text('identity_format');
  if (usable.length === 1 && (type !== identityType || (format !== '' && format !== 'raw'))) {
    problems.push({
      field: 'subject_identities[0]',
      value: `${type}, ${format}`,
      description: 'is not a kind of identity that can be looked up',
      remedy: `Give the subject's handle as ${identityType}, raw.`,
    });
  }
  return identity.text('identity_value');
}

/** The answer in OpenDSR's words. */
export function openDsrReceipt(receipt: Receipt, body: Uint8Array): Record<string, unknown> {
  return {
    controller_id: receipt.emitter,
    subject_request_id: receipt.requestId,
    received_time: receipt.acceptedTime?.toISOString(),
    expected_completion_time: receipt.deadline?.toISOString(),
    encoded_request: Buffer.from(body).toString('base64'),
    extensions: {
      lethe: {
        receipt,
        status_callbacks: 'to the receiver that is configured for the emitter, if there is one',
      },
    },
  };
}
