import { ModelSummary, RoundProgress } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { baselineOf, glanceJson, renderGlance, takeGlance } from './glance.ts';

const start = new Date('2026-01-01T00:00:00Z');
const later = new Date('2026-01-01T00:02:00Z');

const summary = (modelKey: string, rest: Partial<ModelSummary> = {}): ModelSummary => ({
  ...ModelSummary.fromPartial({ registration: { modelKey }, serving: { sequence: 3 } }),
  ...rest,
});

const computing = RoundProgress.fromPartial({
  modelKey: 'busy',
  sequence: 4,
  phase: 'computing',
  requestCount: 2,
  sampleCount: 9,
  step: 5,
  stepLimit: 40,
});

function glance(models: readonly ModelSummary[], deadLetters = 0) {
  const baseline = baselineOf([summary('busy', { completedRequestCount: 10 })], start);
  const rounds = new Map([['busy', computing]]);
  return takeGlance(models, rounds, { baseline, deadLetters, now: later });
}

describe('a glance', () => {
  it('counts what was completed a minute since the first one', () => {
    const { models } = glance([summary('busy', { completedRequestCount: 16 })]);
    expect(models[0]?.completedPerMinute).toBe(3);
  });

  it('gives no rate at once', () => {
    const models = [summary('busy')];
    const baseline = baselineOf(models, start);
    const first = takeGlance(models, new Map(), { baseline, deadLetters: 0, now: start });
    expect(first.models[0]?.completedPerMinute).toBeUndefined();
    expect(renderGlance(first).at(-1)).toMatch(/busy +3 +0 +– +0 +– +0 +–/);
  });

  it('shows rounds in flight, and trouble first', () => {
    const lines = renderGlance(
      glance(
        [
          summary('calm'),
          summary('busy', { openRequestCount: 2 }),
          summary('late', {
            openRequestCount: 1,
            overdueRequestCount: 1,
            nearestDeadline: new Date('2025-12-31T00:00:00Z'),
          }),
        ],
        7,
      ),
    );
    expect(lines[0]).toBe(
      '2026-01-01T00:02:00Z  3 models, 3 open, 0 done, 1 OVERDUE, 7 dead letters',
    );
    expect(lines.slice(4).map((line) => line.split(' ')[0])).toEqual(['late', 'busy', 'calm']);
    expect(lines[4]).toContain('(1 overdue)');
    expect(lines[5]).toContain('#4 computing 5/40, 2 requests, 9 samples');
  });

  it('fits the rows of the terminal and counts what it leaves out', () => {
    const models = Array.from({ length: 50 }, (_, at) => summary(`m${at}`));
    const lines = renderGlance(glance(models), 12);
    expect(lines).toHaveLength(12);
    expect(lines.at(-1)).toBe('… and 43 more models');
  });

  it('is JSON with the round as the service tells it', () => {
    expect(glanceJson(glance([summary('busy')]))).toMatchObject({
      deadLetters: 0,
      models: [{ modelKey: 'busy', round: { phase: 'computing', stepLimit: 40 } }],
    });
  });
});
