import type { SettingTable } from '../../settings.ts';
import { sharedSettings } from '../shared-settings.ts';

/** Settings of the plain first term, those of the paper's code (csm9493/L2UL at 5fb777b). */
export const neggradSettings = {
  ...sharedSettings,
  learningRate: {
    kind: 'number',
    default: 1e-3,
    min: 1e-7,
    max: 1,
    unit: 'step of SGD',
    doc: 'Step size.',
  },
  momentum: {
    kind: 'number',
    default: 0.9,
    min: 0,
    max: 0.999,
    unit: 'factor',
    doc: 'Momentum of SGD.',
  },
  weightDecay: {
    kind: 'number',
    default: 1e-4,
    min: 0,
    max: 1,
    unit: 'factor',
    doc: 'Weight decay of SGD.',
  },
  normalisation: {
    kind: 'choice',
    default: 'batch',
    choices: ['batch', 'running'],
    doc: 'What batch normalisation normalises by in a step, as published by the batch. By its running statistics the published step size is far too large.',
  },
  forgetBatch: {
    kind: 'number',
    default: 32,
    min: 1,
    max: 4096,
    whole: true,
    unit: 'samples',
    doc: 'Forget samples in a step.',
  },
  maxEpochs: {
    kind: 'number',
    default: 1000,
    min: 1,
    max: 1e6,
    whole: true,
    unit: 'epochs',
    doc: 'Most walks over the adversarial samples (neggrad: over the forget samples).',
  },
  maxSteps: {
    kind: 'number',
    default: 1e6,
    min: 1,
    max: 1e6,
    whole: true,
    unit: 'steps',
    doc: 'Most steps; the paper has no such limit.',
  },
} as const satisfies SettingTable;

/** And those of the adversarial term. */
export const advSettings = {
  ...neggradSettings,
  perturbations: {
    kind: 'number',
    default: 20,
    min: 1,
    max: 1000,
    whole: true,
    unit: 'per forget sample',
    doc: 'N; the paper takes 20 for CIFAR-10, 200 for CIFAR-100 and ImageNet, 300 for UTKFace.',
  },
  adversarialBatch: {
    kind: 'number',
    default: 256,
    min: 1,
    max: 4096,
    whole: true,
    unit: 'perturbed samples',
    doc: 'Perturbed samples in a step.',
  },
  attackRadius: {
    kind: 'number',
    default: 4,
    min: 0,
    max: 1e6,
    unit: 'L2 norm of samples as read',
    doc: 'Greatest size of a perturbation.',
  },
  attackStep: {
    kind: 'number',
    default: 0.1,
    min: 1e-6,
    max: 1e6,
    unit: 'L2 norm of samples as read',
    doc: 'Size of one step of the attack.',
  },
  attackIterations: {
    kind: 'number',
    default: 100,
    min: 1,
    max: 10_000,
    whole: true,
    unit: 'iterations',
    doc: 'Steps of the attack.',
  },
} as const satisfies SettingTable;

/** And those of the importance term. */
export const l2ulSettings = {
  ...advSettings,
  importance: {
    kind: 'number',
    default: 1,
    min: 0,
    max: 1e6,
    unit: 'factor',
    doc: 'λ: weight of the penalty on weights that matter little for the forget set.',
  },
} as const satisfies SettingTable;
