import type { SettingTable } from '../settings.ts';

/** Settings that every method has. */
export const sharedSettings = {
  untrainTolerance: {
    kind: 'number',
    default: 0.05,
    min: 0,
    max: 2,
    unit: 'standard deviations of the held-out margins',
    doc: 'Only in untrain: mean excess of the forget margins over their held-out counterparts at which the round is done.',
  },
  mirrored: {
    kind: 'flag',
    default: true,
    doc: 'Only in untrain, and only for images that the network knows mirrored too (nine tenths as many of the held-out ones are right): mirrored copies of what is forgotten are led to where mirrored unseen images stand, as samples of their own (decision 0159).',
  },
  importanceDecay: {
    kind: 'number',
    default: 0.97,
    min: 0,
    max: 1,
    unit: 'factor per round',
    doc: 'What is left of an earlier round in the importance ledger after one more; 1 keeps all.',
  },
} as const satisfies SettingTable;
