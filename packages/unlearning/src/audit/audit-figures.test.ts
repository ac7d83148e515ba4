import { expect, test } from 'vitest';
import { auditFigures } from './audit-figures.ts';
import type { AuditMember } from './audit-member.ts';

const bounds = { leastTugOfWar: 0.9, mostULira: 0.6 };

function member(changes: Partial<AuditMember> = {}): AuditMember {
  return {
    original: { forget: 1, retain: 1, test: 0.9 },
    shadow: { forget: 1, retain: 1, test: 0.89 },
    served: { forget: 0.9, retain: 1, test: 0.88 },
    retrained: { forget: 0.88, retain: 0.98, test: 0.9 },
    shadowConfidences: [8, 9],
    membership: { served: 0.52, original: 0.62, shadow: 0.63, retrained: 0.51 },
    retrainedConfidences: [1, 2],
    unlearnedConfidences: [1, 2],
    ...changes,
  };
}

test('an audit like retraining agrees with the gate, where there was something to find', () => {
  const figures = auditFigures([member(), member()], bounds);
  // (1 − 0.02)³
  expect(figures.tugOfWar).toBeCloseTo(0.98 ** 3, 12);
  expect(figures.uLira).toBe(0.5);
  expect(figures.uLiraBefore).toBe(1);
  expect(figures.gap.test).toBeCloseTo(-0.02, 12);
  expect(figures.gate).toBe('agrees');
});

test('an audit that tells unlearned from retrained disagrees, and says why', () => {
  const apart = member({ unlearnedConfidences: [9, 9] });
  const figures = auditFigures([apart, apart], bounds);
  expect(figures.uLira).toBe(1);
  expect(figures.gate).toBe('disagrees');
  expect(figures.explanation).toContain('U-LiRA');
  const worse = member({ served: { forget: 1, retain: 0.5, test: 0.5 } });
  expect(auditFigures([worse, worse], bounds).explanation).toContain('ToW');
});

test('what serves is looked at itself: shadows that unlearn well do not speak for it', () => {
  const membership = { served: 0.61, original: 0.62, shadow: 0.63, retrained: 0.51 };
  const kept = member({ membership });
  expect(auditFigures([kept, kept], bounds)).toMatchObject({
    membership,
    gate: 'disagrees',
    explanation: expect.stringContaining('like the original (membership AUC 0.610'),
  });
  const nothingToTell = member({ membership: { ...membership, retrained: 0.6 } });
  expect(auditFigures([nothingToTell, nothingToTell], bounds).gate).toBe('agrees');
});

test('an ensemble that was not trained as the network was decides nothing', () => {
  const poor = member({
    shadow: { forget: 0.8, retain: 0.8, test: 0.78 },
    served: { forget: 1, retain: 0.5, test: 0.5 },
  });
  const figures = auditFigures([poor, poor], bounds);
  expect(figures.gate).toBe('undecided');
  expect(figures.explanation).toContain('80.0 % against 100.0 % on retain samples');
  expect(figures.explanation).toContain('--epochs');
});

test('nothing to be told before unlearning decides nothing either', () => {
  const alike = member({ shadowConfidences: [1, 2] });
  expect(auditFigures([alike, alike], bounds)).toMatchObject({
    gate: 'undecided',
    explanation: expect.stringContaining('--members'),
  });
});

test('figures that are no numbers decide nothing, and are named', () => {
  const empty = member({ retrained: { forget: 0.88, retain: 0.98, test: Number.NaN } });
  expect(auditFigures([empty, empty], bounds)).toMatchObject({
    gate: 'undecided',
    explanation: expect.stringContaining('retrained.test, gap.test, tugOfWar'),
  });
});

test('one member is no ensemble', () => {
  expect(() => auditFigures([member()], bounds)).toThrow('two members');
});
