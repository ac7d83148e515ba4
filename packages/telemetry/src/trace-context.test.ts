import { describe, expect, it } from 'vitest';
import { spanContextOf, traceIdOf, traceparentOf } from './trace-context.ts';

const valid = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('trace context', () => {
  it('survives reading and writing', () => {
    expect(traceparentOf(spanContextOf(valid))).toBe(valid);
    expect(traceIdOf(valid)).toBe('0af7651916cd43dd8448eb211c80319c');
  });

  it.each([
    ['nothing', undefined],
    ['another version', valid.replace('00-', '01-')],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['upper case', valid.toUpperCase()],
    ['more than it', `${valid}-tail`],
    ['a header of somebody hostile', `${'x'.repeat(100_000)}`],
  ])('is none in %s', (_what, text) => {
    expect(spanContextOf(text)).toBeUndefined();
  });
});
