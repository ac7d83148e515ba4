/** What rounds are held against: networks that never saw what was forgotten. */
export { augmentationChoices } from '../methods/training/augmentation.ts';
export { type AuditBounds, type AuditFigures, auditFigures } from './audit-figures.ts';
export {
  type AuditHooks,
  type AuditMember,
  type AuditProgress,
  type AuditTask,
  auditMember,
  type Membership,
} from './audit-member.ts';
export { type TrainingPlan, trainNetwork } from './train-network.ts';
export { type UnlearningPlan, unlearnRounds } from './unlearn-rounds.ts';
