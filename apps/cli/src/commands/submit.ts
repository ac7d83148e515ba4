import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  DeletionRequest,
  describeViolation,
  LetheError,
  Mode,
  Receipt,
  RequestState,
  type Scope,
  type SubmitResult,
} from '@lethe/contracts';
import { exitCodes } from '../output/exit-codes.ts';
import { parseMode, parseRegulation, stateName } from '../output/names.ts';
import type { Output } from '../output/output.ts';
import type { CommandFunction, GlobalOptions } from '../program.ts';
import { connectIngest, connectRegistry } from './running-lethe.ts';

interface SubmitOptions {
  readonly model?: string;
  readonly subject?: string;
  readonly sample?: readonly string[];
  readonly sha256?: readonly string[];
  readonly class?: number;
  readonly file?: string;
  readonly id?: string;
  readonly emitter: string;
  readonly mode?: string;
  readonly relabelTo?: number;
  readonly regulation: string;
  readonly submittedTime?: string;
  readonly wait?: boolean;
}

/** Requests of one call; small enough for any message limit. */
const chunkSize = 500;
const pollMs = 300;

export const run: CommandFunction<SubmitOptions> = async (options, out) => {
  await using ingest = connectIngest(options);
  const accepted: Receipt[] = [];
  let refused = 0;
  for await (const chunk of chunks(requestsOf(options), chunkSize)) {
    const { results } = await ingest.submitDeletions({ requests: chunk });
    results.forEach((result, index) => {
      const receipt = report(result, chunk[index]?.requestId ?? '', out);
      if (receipt === undefined) refused++;
      else if (receipt.state === RequestState.REQUEST_STATE_ACCEPTED) accepted.push(receipt);
    });
  }
  if (options.wait === true) await waitForEnd(options, accepted, out);
  return refused === 0 ? exitCodes.ok : exitCodes.usage;
};

async function* requestsOf(options: SubmitOptions): AsyncIterable<DeletionRequest> {
  if (options.file === undefined) {
    yield requestOf(options);
    return;
  }
  const input = options.file === '-' ? process.stdin : createReadStream(options.file);
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line.trim() === '') continue;
    try {
      yield DeletionRequest.fromJSON(JSON.parse(line));
    } catch (cause) {
      throw LetheError.invalid(
        `--file ${options.file} line ${number}`,
        line,
        `is not a deletion request (${(cause as Error).message})`,
        'Write one JSON object a line, as in the HTTP API.',
      );
    }
  }
}

function requestOf(options: SubmitOptions): DeletionRequest {
  if (options.model === undefined) {
    throw LetheError.invalid('--model', '', 'is missing', 'Name the model that must forget.');
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
    emitter: options.emitter,
    modelKey: options.model,
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

function report(result: SubmitResult, requestId: string, out: Output): Receipt | undefined {
  if (result.result?.$case === 'receipt') {
    const receipt = result.result.value;
    out.result(Receipt.toJSON(receipt));
    out.line(
      `${receipt.requestId} ${stateName(receipt.state)}, ${receipt.sampleCount} samples, due ${receipt.deadline?.toISOString().slice(0, 10) ?? '–'}`,
    );
    return receipt;
  }
  const error = result.result?.value;
  out.result({ requestId, error });
  out.note(`${out.colours.red('refused')} ${requestId}: ${error?.message ?? 'no answer'}`);
  for (const violation of error?.violations ?? []) out.note(`  ${describeViolation(violation)}`);
  return undefined;
}

const ended: readonly RequestState[] = [
  RequestState.REQUEST_STATE_COMPLETED,
  RequestState.REQUEST_STATE_ALREADY_FORGOTTEN,
  RequestState.REQUEST_STATE_NO_MATCH,
  RequestState.REQUEST_STATE_ESCALATED,
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

async function* chunks<T>(items: AsyncIterable<T>, size: number): AsyncIterable<T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length === size) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}
