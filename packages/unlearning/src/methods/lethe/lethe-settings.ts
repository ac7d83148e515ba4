import type { Settings, SettingTable } from '../../settings.ts';
import { sharedSettings } from '../shared-settings.ts';

/** Settings of `lethe`; defaults are those of docs/unlearning.md. */
export const letheSettings = {
  ...sharedSettings,
  steps: {
    kind: 'choice',
    default: ({ wholeClass }) => (wholeClass ? 'adam' : 'natural'),
    defaultText: 'natural, where a class is lost as a whole adam',
    choices: ['adam', 'natural'],
    doc: 'How a gradient becomes a step: by Adam; or times the inverse curvature of the logits on samples in general, with momentum (decisions 0135, 0155).',
  },
  wayBack: {
    kind: 'choice',
    default: 'closed',
    choices: ['closed', 'open'],
    doc: 'Only with natural steps, after the first round: closed, no step leads back towards the original network as a whole, as the curvature of what is retained sees it; what earlier rounds broke is mended across that direction (decision 0151).',
  },
  firstStep: {
    kind: 'number',
    default: ({ mode, k }) => (mode === 'untrain' || k <= 64 ? 0.3 : 0.16),
    defaultText: '0.3, but from k = 65 in misclassify and relabel 0.16',
    min: 1e-4,
    max: 100,
    unit: 'share of the forget loss',
    doc: 'Sets the step size: the share of the forget loss that a step along its gradient would take off, to first order; with natural steps once their momentum has built up, the first takes a tenth of it.',
  },
  retainWeight: {
    kind: 'number',
    default: ({ mode, k }) => (mode === 'misclassify' ? Math.min(64, Math.max(16, 512 / k)) : 16),
    defaultText: '16; in misclassify 64 up to k = 8, then 512 / k down to 16 at 32',
    min: 0,
    max: 1000,
    unit: 'factor',
    doc: 'λ: weight of the distillation term against the forget term.',
  },
  nonTargetWeight: {
    kind: 'number',
    default: ({ mode, heldOut }) => (mode === 'misclassify' && !heldOut ? 0.1 : 0),
    defaultText: '0.1 in misclassify without held-out samples, else 0',
    min: 0,
    max: 1000,
    unit: 'share of λ',
    doc: 'Weight of a second distillation term: how the original network tells labels apart that the forget samples do not have, on copies of those. It shows what rounds have done to real samples, which surrogates do not (decision 0169).',
  },
  nonTargetBatch: {
    kind: 'number',
    default: 16,
    min: 1,
    max: 4096,
    whole: true,
    unit: 'samples',
    doc: 'Copies in each step of that term.',
  },
  temperature: {
    kind: 'number',
    default: 8,
    min: 0.1,
    max: 100,
    unit: 'logits',
    doc: 'T of the distillation term.',
  },
  retainBatch: {
    kind: 'number',
    default: ({ mode, k }) => {
      if (mode === 'untrain') return k <= 8 ? 48 : 96;
      return k <= 64 ? 96 : k <= 128 ? 128 : 192;
    },
    defaultText: 'in untrain 48 up to k = 8, then 96; else 96, from k = 65 128, from k = 129 192',
    min: 1,
    max: 4096,
    whole: true,
    unit: 'samples',
    doc: 'Samples that the network is held on in every step, surrogates and held-out ones.',
  },
  forgetBatch: {
    kind: 'number',
    default: 64,
    min: 1,
    max: 4096,
    whole: true,
    unit: 'samples',
    doc: 'Most forget samples in a step; more are taken in turns, those not yet forgotten first.',
  },
  copies: {
    kind: 'number',
    default: ({ mode }) => (mode === 'untrain' ? 0.5 : 0),
    defaultText: '0.5 in untrain, else 0',
    min: 0,
    max: 1,
    unit: 'share of the forget batch',
    doc: 'Only for images: forget samples of a step that are shown as mirrored or shifted copies too, so that those are forgotten with them.',
  },
  margin: {
    kind: 'number',
    default: ({ mode, k, heldOut, wholeClass }) => {
      if (mode === 'relabel' && wholeClass && heldOut) return 0.5;
      const [least, most] = mode === 'misclassify' ? [2, 5] : [3, 8];
      return Math.min(most, Math.max(least, 10 - Math.log2(k)));
    },
    defaultText:
      '10 − log₂ k, from 3 to 8; in misclassify from 2 to 5; in relabel of a whole class with held-out samples 0.5',
    min: 0,
    max: 100,
    unit: 'logits',
    doc: 'Not in untrain: lead of another label (in relabel: of the new one) at which a sample is left alone. Each later round moves a lead by about ± 0.7 logits, and where rounds are small there are many (decision 0155).',
  },
  marginShare: {
    kind: 'number',
    default: ({ mode }) => (mode === 'misclassify' ? 0.4 : 0),
    defaultText: '0.4 in misclassify, else 0',
    min: 0,
    max: 10,
    unit: 'share',
    doc: 'Not in untrain: added to that lead, for each sample, this share of the lead in the original network of what it is not to be given: what was known best comes back first (decision 0168).',
  },
  slack: {
    kind: 'number',
    default: 1e6,
    min: 0,
    max: 1e6,
    unit: 'logits',
    doc: 'How far beyond that lead a sample may end; farther, it is led back. The default leads nobody back, since that brings earlier forget sets back sooner (decision 0142).',
  },
  shorten: {
    kind: 'flag',
    default: true,
    doc: 'Not in untrain: once the goal is met, the network goes back on the straight way to the served one as far as every forget sample keeps the lead that it was to have.',
  },
  servedTeacher: {
    kind: 'number',
    default: ({ mode }) => (mode === 'relabel' ? 1 : 0.5),
    defaultText: '0.5, in relabel 1',
    min: 0,
    max: 1,
    unit: 'share',
    doc: 'Share of the served network in what is distilled on surrogates; the rest is the original one, which holds accuracy better but remembers what earlier rounds made it forget. On held-out samples the original one teaches alone.',
  },
  importance: {
    kind: 'number',
    default: 0.03,
    min: 0,
    max: 1e6,
    unit: 'factor',
    doc: 'w: weight of the penalty that holds what earlier rounds have moved; 0 turns it off, and so, for all that was measured, does the default (decision 0088).',
  },
  importanceRule: {
    kind: 'choice',
    default: 'earlier',
    choices: ['earlier', 'undoing', 'published'],
    doc: 'What the penalty holds: what earlier rounds have moved; only what would undo them, moving back towards the original network; or, for comparison, what matters little for this forget set, as L2UL does.',
  },
  stepLimit: {
    kind: 'number',
    default: ({ k }) => (k <= 64 ? 400 : 800),
    defaultText: '400, from k = 65 800',
    min: 1,
    max: 100_000,
    whole: true,
    unit: 'steps',
    doc: 'Most steps until the goal is met; beyond it the round has not converged.',
  },
  forgetSteps: {
    kind: 'number',
    default: ({ mode, k }) => (mode === 'untrain' ? Math.round(0.4 * untrainSteps(k)) : 1),
    defaultText: 'in untrain 16 at k = 32, 23 at 64, 38 at 256; else 1',
    min: 1,
    max: 100_000,
    whole: true,
    unit: 'steps',
    doc: 'Fewest steps at full step size.',
  },
  repairSteps: {
    kind: 'number',
    default: ({ mode, k, heldOut, wholeClass }) => {
      if (mode === 'untrain') return Math.round(0.6 * untrainSteps(k));
      const steps = misclassifyRepair(k, mode === 'misclassify' && !heldOut ? 25 : 40);
      return wholeClass && mode === 'relabel' ? steps * (heldOut ? 2 : 5) : steps;
    },
    defaultText:
      'in untrain 24 at k = 32, 35 at 64, 56 at 256; else 40 up to k = 16 (25 in misclassify without held-out samples), 60 at 64, from k = 65 85 growing to 120 at 256; in relabel of a whole class twice as many, five times without held-out samples',
    min: 0,
    max: 100_000,
    whole: true,
    unit: 'steps',
    doc: 'Steps of the same loss at a falling step size once the goal is met.',
  },
  proxyShare: {
    kind: 'number',
    default: ({ heldOut }) => (heldOut ? 0.5 : 0),
    defaultText: '0.5 where the round comes with held-out samples, else 0',
    min: 0,
    max: 1,
    unit: 'share of the retain batch',
    doc: 'Samples of the held-out set, without their labels, instead of surrogates; with 0 the round is data-free but for the margins that untrain aims at.',
  },
} as const satisfies SettingTable;

export type LetheSettings = Settings<typeof letheSettings>;

/**
 * Few samples are forgotten in few steps and want little repair; of many every point counts.
 *
 * @param least steps, up to k = 16
 */
function misclassifyRepair(k: number, least: number): number {
  const doublings = Math.log2(k / 16);
  const steps = k <= 64 ? least + ((60 - least) / 2) * doublings : 50 + 17.5 * doublings;
  return Math.round(Math.min(120, Math.max(least, steps)));
}

/** 40 steps for 32 samples, 58 for 64, 94 for 256. */
function untrainSteps(k: number): number {
  return Math.min(160, Math.max(20, Math.round(40 + 18 * Math.log2(k / 32))));
}
