import type { SettingTable } from '../../settings.ts';
import { sharedSettings } from '../shared-settings.ts';

/** Settings of `ssd`; α and λ are the paper's. */
export const ssdSettings = {
  ...sharedSettings,
  selection: {
    kind: 'number',
    default: 10,
    min: 1e-3,
    max: 1e6,
    unit: 'ratio',
    doc: 'α at the start: a weight is dampened when it matters so many times more for the forget set than for what is kept.',
  },
  selectionFloor: {
    kind: 'number',
    default: 0.5,
    min: 1e-3,
    max: 1e6,
    unit: 'ratio',
    doc: 'Least α that is tried.',
  },
  selectionFall: {
    kind: 'number',
    default: 0.9,
    min: 0.1,
    max: 0.999,
    unit: 'factor',
    doc: 'α falls by this until the goal is met; the paper takes one α and leaves its choice to the reader.',
  },
  dampening: {
    kind: 'number',
    default: 1,
    min: 0,
    max: 1,
    unit: 'factor',
    doc: 'λ: a selected weight is multiplied by λ times what it matters for the rest over what it matters for the forget set.',
  },
  referenceSamples: {
    kind: 'number',
    default: 64,
    min: 1,
    max: 100_000,
    whole: true,
    unit: 'samples',
    doc: 'Unlabelled samples that stand for what is kept: held-out ones where the round has some, else surrogates made of the forget set.',
  },
} as const satisfies SettingTable;
