import { LetheError } from '@lethe/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leaveOutUnsampled } from './left-out.ts';
import { addSpanEvent, beginSpan, continueTrace, inSpan, tellSpan } from './span.ts';
import { type RecordedTelemetry, recordTelemetry } from './testing/recorded-telemetry.ts';
import { activeTraceId, activeTraceparent, traceIdOf } from './trace-context.ts';

let telemetry: RecordedTelemetry;
beforeAll(() => {
  telemetry = recordTelemetry();
});
afterAll(() => telemetry[Symbol.asyncDispose]());

const remote = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

function named(name: string) {
  const span = telemetry.spans().findLast((each) => each.name === name);
  if (span === undefined) throw new Error(`no span ${name}`);
  return span;
}

describe('inSpan', () => {
  it('makes spans inside it its children, across awaits', async () => {
    await inSpan('outer', {}, async () => {
      await Promise.resolve();
      await inSpan('inner', {}, async () => addSpanEvent('told'));
    });
    expect(named('inner').parentSpanContext?.spanId).toBe(named('outer').spanContext().spanId);
    expect(named('inner').events.map(({ name }) => name)).toEqual(['told']);
  });

  it('continues what another process began', async () => {
    await inSpan('continued', { parent: { traceparent: remote } }, async () => {
      expect(activeTraceId()).toBe(traceIdOf(remote));
    });
    expect(named('continued').parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  });

  it('begins a new trace where the parent is none, linked to those it serves', async () => {
    await inSpan('outer', {}, () =>
      inSpan('round', { parent: 'none', links: [remote, undefined, 'nonsense'] }, async () => {}),
    );
    expect(named('round').parentSpanContext).toBeUndefined();
    expect(named('round').links.map(({ context }) => context.spanId)).toEqual(['b7ad6b7169203331']);
  });

  it('keeps more links than the SDK would by itself', async () => {
    const links = Array.from({ length: 500 }, () => remote);
    await inSpan('many', { links }, async () => {});
    expect(named('many').links).toHaveLength(500);
  });

  it('tells of an error its code, never a value that somebody sent (P6)', async () => {
    const error = LetheError.invalid('scope.subject', 'jane-4711', 'is unknown', 'Look it up.');
    await expect(
      inSpan('failing', {}, async () => {
        throw error;
      }),
    ).rejects.toBe(error);
    const { status, attributes, events } = named('failing');
    expect(attributes['error.type']).toBe('invalid');
    expect(status.message).toBe('scope.subject is unknown');
    expect(JSON.stringify([status, attributes, events])).not.toContain('jane-4711');
  });

  it('does not call a cancelled work an error', async () => {
    const cancelled = new LetheError('cancelled', 'enough');
    await inSpan('cancelled', {}, () => Promise.reject(cancelled)).catch(() => {});
    expect(named('cancelled').status.code).toBe(0);
  });
});

describe('beginSpan', () => {
  it('is active only in what it runs', () => {
    const span = beginSpan('manual');
    expect(activeTraceparent()).toBeUndefined();
    expect(span.run(activeTraceparent)).toBe(span.traceparent);
    span.end();
  });
});

describe('below a span that was not sampled', () => {
  const unsampled = remote.replace(/01$/, '00');

  it('makes no span, and hands the trace on, so that logs and certificates name it', async () => {
    const before = telemetry.spans().length;
    const seen = await inSpan('left out', { parent: { traceparent: unsampled } }, (span) =>
      inSpan('below', {}, async () => [span.traceparent, activeTraceparent()]),
    );
    expect(seen).toEqual([unsampled, unsampled]);
    tellSpan('told', { parent: { traceparent: unsampled } });
    expect(telemetry.spans()).toHaveLength(before);
  });

  it('lets what fails go on, and begins new traces all the same', async () => {
    const failing = continueTrace(unsampled, () =>
      inSpan('failing below', {}, () => Promise.reject(new Error('enough'))),
    );
    await expect(failing).rejects.toThrow('enough');
    await continueTrace(unsampled, () => inSpan('new trace', { parent: 'none' }, async () => {}));
    expect(named('new trace').parentSpanContext).toBeUndefined();
  });

  it('makes it all the same where a sampler asks each span', () => {
    leaveOutUnsampled(false);
    try {
      expect(beginSpan('asked', { parent: { traceparent: unsampled } }).traceparent).not.toBe(
        unsampled,
      );
    } finally {
      leaveOutUnsampled(true);
    }
  });
});

describe('tellSpan', () => {
  it('begins when it is told to', () => {
    tellSpan('past', { startMs: 1_000 });
    expect(named('past').startTime[0]).toBe(1);
  });
});

describe('continueTrace', () => {
  it('gives work the context of a header, and none for what is no header', () => {
    expect(continueTrace(remote, activeTraceId)).toBe(traceIdOf(remote));
    expect(continueTrace('00-zz-zz-01', activeTraceId)).toBeUndefined();
  });
});
