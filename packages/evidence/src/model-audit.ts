import { makeStatement, type Predicate, type Statement } from './statement.ts';
import { strictTime } from './strict-time.ts';

interface SetAccuracies {
  readonly forget: number;
  readonly retain: number;
  readonly test: number;
}

export interface ModelAuditPredicate extends Predicate {
  readonly model_key: string;
  readonly sequence: number;
  readonly weights_digest: string;
  readonly forgotten_count: number;
  readonly members: number;
  readonly served: SetAccuracies;
  readonly original: SetAccuracies;
  readonly shadow: SetAccuracies;
  readonly retrained: SetAccuracies;
  readonly gap: SetAccuracies;
  readonly tug_of_war: number;
  readonly u_lira: number;
  readonly u_lira_before: number;
  /** Membership AUC of the loss, forgotten against unseen samples. */
  readonly membership: {
    readonly served: number;
    readonly original: number;
    readonly shadow: number;
    readonly retrained: number;
  };
  readonly gate: 'agrees' | 'disagrees' | 'undecided';
  readonly explanation: string;
}

/** What an offline audit against retraining found. Figures of approximate unlearning, never proof. */
export function modelAuditStatement(
  content: Omit<ModelAuditPredicate, 'issued_time'>,
  issued: Date,
): Statement<ModelAuditPredicate> {
  const subject = [
    { name: `${content.model_key}/weights`, digest: { sha256: content.weights_digest } },
  ];
  return makeStatement('audit', subject, { issued_time: strictTime(issued), ...content });
}
