import { randomUUID } from 'node:crypto';
import {
  type DeletionRequest,
  type ErrorCode,
  LetheError,
  Mode,
  Receipt,
  RequestState,
  type Scope,
  type SubmitError,
} from '@lethe/contracts';
import { errorCodeOf } from '@lethe/service-kit';
import type { CommandFunction, GlobalOptions } from '../command-function.ts';
import { exitCodeOfRefusals } from '../output/exit-codes.ts';
import { counted } from '../output/format.ts';
import { parseMode, parseRegulation, stateName } from '../output/names.ts';
import type { Output } from '../output/output.ts';
import { batches } from '../submit/batches.ts';
import { type FileLine, readRequestFile } from '../submit/read-request-file.ts';
import { connectIngest, connectRegistry, emitterOf } from './running-lethe.ts';

interface SubmitOptions {
  readonly model?: string;
  readonly models?: string;
  readonly allModels?: boolean;
  readonly subject?: string;
  readonly sample?: readonly string[];
  readonly sha256?: readonly string[];
  readonly class?: number;
  readonly file?: string;
  readonly id?: string;
  readonly emitter?: string;
  readonly mode?: string;
  readonly relabelTo?: number;
  readonly regulation: string;
  readonly submittedTime?: string;
  readonly wait?: boolean;
}

const pollMs = 300;

export const run: CommandFunction<SubmitOptions> = async (options, out) => {
  await using ingest = connectIngest(options);
  const accepted: Receipt[] = [];
  const refusals = new Set<ErrorCode>();
  const refuse = (what: string, error: LetheError) => {
    refusals.add(error.code);
    out.refused(what, error);
  };
  for await (const batch of batches(requestsOf(options))) {
    const lines: (FileLine & { kind: 'request' })[] = [];
    for (const line of batch) {
      if (line.kind === 'request') lines.push(line);
      else refuse(line.place, line.error);
    }
    if (lines.length === 0) continue;
    const requests = lines.map(({ request }) => request);
    const { results } = await ingest.submitDeletions({ requests });
    for (const [index, { result }] of results.entries()) {
      if (result?.$case !== 'receipt') {
        const line = lines[index];
        refuse(line?.request.requestId || (line?.place ?? ''), errorOf(result?.value));
        continue;
      }
      showReceipt(result.value, out);
      if (result.value.state === RequestState.REQUEST_STATE_ACCEPTED) accepted.push(result.value);
    }
  }
  if (options.wait === true) await waitForEnd(options, accepted, out);
  return exitCodeOfRefusals(refusals);
};

async function* requestsOf(options: SubmitOptions): AsyncGenerator<FileLine> {
  if (options.file === undefined) {
    yield { kind: 'request', place: 'request', sizeBytes: 0, request: requestOf(options) };
    return;
  }
  for await (const line of readRequestFile(options.file)) {
    if (line.kind === 'request') line.request.emitter ||= emitterOf(options);
    yield line;
  }
}

function requestOf(options: SubmitOptions): DeletionRequest {
  if (options.model === undefined && options.models === undefined && !options.allModels) {
    const remedy = 'Name the model that must forget, or several: --models, --all-models.';
    throw LetheError.invalid('--model', '', 'is missing', remedy);
  }
  const submittedTime = options.submittedTime ? new Date(options.submittedTime) : undefined;
  if (submittedTime && Number.isNaN(submittedTime.getTime())) {
    throw LetheError.invalid(
      '--submitted-time',
      options.submittedTime,
      'is not a time',
      'Write it as 2026-01-31T09:30:00Z.',
    );
  }
  return {
    requestId: options.id ?? randomUUID(),
    emitter: emitterOf(options),
    modelKey: options.model ?? '',
    modelKeys: options.models?.split(',') ?? [],
    allModels: options.allModels === true,
    scope: scopeOf(options),
    regulation: parseRegulation(options.regulation),
    submittedTime,
    mode: options.mode ? parseMode(options.mode) : Mode.MODE_UNSPECIFIED,
    relabelTo: options.relabelTo,
  };
}

function scopeOf(options: SubmitOptions): Scope {
  const samples = options.sample ?? [];
  const digests = options.sha256 ?? [];
  const kinds: Scope['kind'][] = [];
  if (options.subject !== undefined) kinds.push({ $case: 'subject', value: options.subject });
  if (options.class !== undefined) kinds.push({ $case: 'classLabel', value: options.class });
  if (samples.length + digests.length > 0) {
    kinds.push({ $case: 'samples', value: { ids: [...samples], sha256: [...digests] } });
  }
  if (kinds.length === 1) return { kind: kinds[0] };
  throw LetheError.invalid(
    'scope',
    kinds.map((kind) => kind?.$case).join(' and '),
    kinds.length === 0 ? 'is empty' : 'names more than one kind',
    'Give exactly one of --subject, --sample/--sha256, --class, or --file.',
  );
}

function showReceipt(receipt: Receipt, out: Output): void {
  out.result(Receipt.toJSON(receipt));
  const { evaluationSampleCount } = receipt;
  const taken =
    evaluationSampleCount === 0
      ? ''
      : `, ${evaluationSampleCount} samples taken out of evaluation sets`;
  const models =
    receipt.models.length === 0 ? '' : ` of ${counted(receipt.models.length, 'model')}`;
  out.line(
    `${receipt.requestId} ${stateName(receipt.state)}, ${counted(receipt.sampleCount, 'sample')}${models}${taken}, due ${receipt.deadline?.toISOString().slice(0, 10) ?? '–'}`,
  );
}

function errorOf(error: SubmitError | undefined): LetheError {
  if (error === undefined) return new LetheError('internal', 'no answer for this request');
  const { code, message, violations } = error;
  return new LetheError(errorCodeOf(code), message, { violations });
}

const ended: readonly RequestState[] = [
  RequestState.REQUEST_STATE_COMPLETED,
  RequestState.REQUEST_STATE_ALREADY_FORGOTTEN,
  RequestState.REQUEST_STATE_NO_MATCH,
  RequestState.REQUEST_STATE_REMOVED_FROM_EVALUATION,
  RequestState.REQUEST_STATE_ESCALATED,
  RequestState.REQUEST_STATE_CANCELLED,
  RequestState.REQUEST_STATE_DENIED,
  RequestState.REQUEST_STATE_DUPLICATE,
];

async function waitForEnd(
  options: GlobalOptions,
  receipts: readonly Receipt[],
  out: Output,
): Promise<void> {
  await using registry = connectRegistry(options);
  const bar = out.progress('requests ended');
  for (const [index, receipt] of receipts.entries()) {
    for (;;) {
      bar.update(index, receipts.length);
      const status = await registry.getRequest(receipt).catch((error: LetheError) => {
        if (error.code === 'not_found') return undefined;
        throw error;
      });
      const state = status?.current?.state;
      if (state !== undefined && ended.includes(state)) {
        out.result({ requestId: receipt.requestId, state: stateName(state) });
        out.line(`${receipt.requestId} ${stateName(state)}`);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }
  bar.finish();
}
