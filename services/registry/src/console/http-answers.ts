import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PageFile } from '@lethe/console';
import { LetheError } from '@lethe/contracts';
import { httpStatusOf } from '@lethe/service-kit';
import { Fields } from './fields.ts';
import type { Answer } from './routes/route.ts';

const maxBodyBytes = 64 * 1024;

/** @throws LetheError `invalid` for what is no JSON object, or too big */
export async function readBody(request: IncomingMessage): Promise<Fields> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    throw LetheError.invalid(
      'content-type',
      request.headers['content-type'] ?? '',
      'is not application/json',
      'Send JSON.',
    );
  }
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBodyBytes) {
      const rule = `has more than ${maxBodyBytes} bytes`;
      throw LetheError.invalid('body', `${size} bytes`, rule, 'Shorten it.');
    }
    parts.push(part);
  }
  return Fields.parse(Buffer.concat(parts));
}

export function send(response: ServerResponse, answer: Answer): void {
  if (answer.kind === 'json') {
    sendJson(response, answer.value);
    return;
  }
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('content-disposition', `attachment; filename="${answer.name}"`);
  response.end(answer.text);
}

export function sendJson(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(value));
}

export function sendFile(request: IncomingMessage, response: ServerResponse, file: PageFile): void {
  const isGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const bytes = isGzip ? file.gzipped : file.bytes;
  response.setHeader('content-type', file.contentType);
  response.setHeader('vary', 'accept-encoding');
  response.setHeader('content-length', bytes.length);
  if (isGzip) response.setHeader('content-encoding', 'gzip');
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** RFC 9457. */
export function sendProblem(response: ServerResponse, error: LetheError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { code, message: detail, violations } = error;
  const status = httpStatusOf[code];
  response.statusCode = status;
  response.setHeader('content-type', 'application/problem+json');
  response.setHeader('cache-control', 'no-store');
  response.end(JSON.stringify({ type: `urn:lethe:error:${code}`, status, detail, violations }));
}
