import { type Decision, Outcome, type Verdict } from '@lethe/contracts';

export type VersionState =
  | 'evaluating'
  | 'passed'
  | 'rejected'
  | 'serving'
  | 'superseded'
  | 'rolled_back'
  | 'purge_due'
  | 'purged'
  | 'quarantined';

/** What the records of one version say. */
export interface VersionFacts {
  readonly verdict: Pick<Verdict, 'outcome'> | undefined;
  readonly decision: Pick<Decision, 'promoted'> | undefined;
  readonly isQuarantined: boolean;
  readonly isPurged: boolean;
  readonly isServing: boolean;
  /** It served, and an earlier version was put in its place. */
  readonly isRolledBack: boolean;
  readonly isPurgeDue: boolean;
}

/**
 * registered → evaluating → passed | rejected; passed → serving → superseded → purge_due → purged;
 * serving → rolled_back; quarantined from anywhere. What is gone counts before what is forbidden,
 * and that before the rest.
 */
export function versionState(facts: VersionFacts): VersionState {
  if (facts.isPurged) return 'purged';
  if (facts.isQuarantined) return 'quarantined';
  if (facts.isServing) return 'serving';
  if (facts.verdict === undefined && facts.decision === undefined) return 'evaluating';
  if (facts.decision === undefined) {
    return facts.verdict?.outcome === Outcome.OUTCOME_PASS ? 'passed' : 'rejected';
  }
  if (facts.isPurgeDue) return 'purge_due';
  if (!facts.decision.promoted) return 'rejected';
  return facts.isRolledBack ? 'rolled_back' : 'superseded';
}
