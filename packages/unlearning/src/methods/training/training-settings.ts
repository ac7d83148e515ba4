import type { SettingTable } from '../../settings.ts';
import { sharedSettings } from '../shared-settings.ts';
import { augmentationChoices } from './augmentation.ts';

/** Settings of ordinary training on retain samples. */
export const trainingSettings = {
  ...sharedSettings,
  batch: {
    kind: 'number',
    default: 64,
    min: 1,
    max: 4096,
    whole: true,
    unit: 'samples',
    doc: 'Retain samples in a step.',
  },
  learningRate: {
    kind: 'number',
    default: 1e-3,
    min: 1e-7,
    max: 1,
    unit: 'step of Adam',
    doc: 'Step size.',
  },
  weightDecay: {
    kind: 'number',
    default: 0,
    min: 0,
    max: 1,
    unit: 'factor',
    doc: 'Added to the gradient: this times the weights.',
  },
  epochs: {
    kind: 'number',
    default: 5,
    min: 1,
    max: 100_000,
    whole: true,
    unit: 'epochs',
    doc: 'Walks over the retain samples.',
  },
  augment: {
    kind: 'choice',
    default: 'none',
    choices: augmentationChoices,
    doc: 'Images of a batch as they are, moved by up to an eighth of each side, or moved and half of them mirrored (He et al. 2016, §4.2).',
  },
} as const satisfies SettingTable;
