import { describe, expect, it } from 'vitest';
import { methods } from './methods/methods.ts';
import { resolveSettings, type SettingTable, type Situation } from './settings.ts';

const table = {
  steps: {
    kind: 'number',
    default: ({ k }) => 10 * k,
    min: 1,
    max: 100,
    whole: true,
    unit: 'steps',
    doc: '',
  },
  rate: { kind: 'number', default: 0.5, min: 0, max: 1, unit: '', doc: '' },
  teacher: { kind: 'choice', default: 'served', choices: ['served', 'original'], doc: '' },
  repair: { kind: 'flag', default: true, doc: '' },
} as const satisfies SettingTable;

const situation: Situation = { mode: 'untrain', k: 3, heldOut: true, wholeClass: false };
const resolve = (overrides: Record<string, number | boolean | string>) =>
  resolveSettings('example', table, overrides, situation);

describe('settings of a method', () => {
  it('are the defaults for the situation, with overrides on top', () => {
    expect(resolve({ rate: 1 })).toEqual({ steps: 30, rate: 1, teacher: 'served', repair: true });
  });

  it('are refused by name when unknown', () => {
    expect(() => resolve({ stesp: 3 })).toThrow(
      /settings\.stesp = "3": is no setting of the method example.*steps, rate, teacher, repair/,
    );
  });

  it.each([
    ['steps', 0, /settings\.steps = "0": .*a whole number from 1 to 100 \(steps\)/],
    ['steps', 2.5, /whole number/],
    ['steps', Number.NaN, /whole number/],
    ['steps', '3', /whole number/],
    ['rate', 1.01, /a number from 0 to 1\./],
    ['teacher', 'both', /one of served, original/],
    ['repair', 1, /true or false/],
  ])('are refused out of range: %s = %s', (name, value, message) => {
    expect(() => resolve({ [name]: value })).toThrow(message);
  });
});

describe.each(methods)('the table of $name', ({ settings, prepare }) => {
  const situations = (['untrain', 'misclassify', 'relabel'] as const).flatMap((mode) =>
    [1, 16, 64, 256, 5000].flatMap((k) =>
      [false, true].flatMap((heldOut) =>
        [false, true].map((wholeClass) => ({ mode, k, heldOut, wholeClass })),
      ),
    ),
  );

  it('has defaults inside its own ranges, whatever the round', () => {
    for (const each of situations) {
      const defaults = prepare({}, each).settings;
      expect(prepare({ ...defaults }, each).settings).toEqual(defaults);
    }
  });

  it('explains every setting', () => {
    for (const setting of Object.values(settings)) {
      expect(setting.doc).toMatch(/^[A-Zα-ωw].*\.$/);
      if (typeof setting.default === 'function') expect(setting.defaultText).toBeTruthy();
    }
  });
});
