import { LetheError } from '@lethe/contracts';
import { inSpan, traceIdOf } from '@lethe/telemetry';
import { recordTelemetry } from '@lethe/telemetry/testing';
import { describe, expect, it } from 'vitest';
import { createLog, type LogOptions } from './create-log.ts';

function logTo(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line) };
  return { lines, log: createLog({ service: 'ingest', destination, format: 'json', ...options }) };
}

describe('createLog', () => {
  it('writes one JSON object a line, with the fields of its parents', () => {
    const { log, lines } = logTo();
    log.child({ model: 'm1' }).info('round begins', { sequence: 3 });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] as string)).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      service: 'ingest',
      model: 'm1',
      sequence: 3,
      message: 'round begins',
    });
  });

  it('writes a field once that a child says anew', () => {
    const { log, lines } = logTo();
    log.child({ service: 'registry' }).info('hello');
    expect(lines[0]?.match(/"service":/g)).toHaveLength(1);
    expect(lines[0]).toContain('"service":"registry"');
  });

  it('names the trace that it is written in', async () => {
    await using _telemetry = recordTelemetry();
    const { log, lines } = logTo();
    await inSpan('round', {}, async (span) => {
      log.info('inside');
      expect(JSON.parse(lines[0] as string).trace_id).toBe(traceIdOf(span.traceparent));
    });
    log.info('outside');
    expect(JSON.parse(lines[1] as string)).not.toHaveProperty('trace_id');
  });

  it('leaves out what is below its level', () => {
    const { log, lines } = logTo({ level: 'warn' });
    log.info('quiet');
    log.warn('loud');
    expect(lines).toHaveLength(1);
  });

  it('tells of an error its code and fields, never a value that somebody sent (P6)', () => {
    const { log, lines } = logTo();
    log.error('refused', {
      error: LetheError.invalid('scope.subject', 'jane-4711', 'is unknown', 'Look it up.'),
    });
    expect(JSON.parse(lines[0] as string).error).toEqual({
      code: 'invalid',
      message: 'scope.subject is unknown',
    });
    expect(lines[0]).not.toContain('jane-4711');
  });

  it('gives the stack of what nobody expected', () => {
    const { log, lines } = logTo();
    log.error('failed', { error: new TypeError('x is not a function') });
    expect(JSON.parse(lines[0] as string).error).toMatchObject({
      code: 'internal',
      stack: expect.stringContaining('create-log.test.ts'),
    });
  });

  it('writes readable lines when asked', () => {
    const { log, lines } = logTo({ format: 'pretty' });
    const error = new LetheError('unavailable', 'the disk sleeps');
    log.child({ model: 'm1' }).warn('cannot write', { attempt: 2, error });
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} ingest warn {2}cannot write: the disk sleeps \(unavailable\) model=m1 attempt=2\n$/,
    );
  });
});
