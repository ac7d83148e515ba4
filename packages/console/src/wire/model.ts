export interface ServingView {
  readonly generation: number;
  readonly sequence: number;
  readonly weightsDigest: string;
  readonly topologyDigest: string;
  readonly promotedTime: string;
  /** `rollback`; empty for promotions and the first pointer. */
  readonly move: string;
  readonly actor: string;
  readonly reason: string;
  readonly override: boolean;
}

export interface RequestCounts {
  readonly total: number;
  readonly open: number;
  readonly escalated: number;
  readonly completed: number;
  readonly overdue: number;
  /** Open and due within a week. */
  readonly dueSoon: number;
  /** Of the open ones; empty: none is open. */
  readonly nextDeadline: string;
}

export interface ModelCard {
  readonly modelKey: string;
  readonly serving: ServingView;
  readonly requests: RequestCounts;
}

export interface Problem {
  readonly severity: 'critical' | 'warning';
  readonly text: string;
  /** Page of the console that shows more. */
  readonly link: string;
}

export interface Overview {
  readonly now: string;
  readonly models: readonly ModelCard[];
  /** Most urgent first. */
  readonly problems: readonly Problem[];
  readonly openDeadLetters: number;
}

export interface ServerView {
  readonly modelKey: string;
  readonly server: string;
  readonly generation: number;
  readonly seenTime: string;
  readonly state: string;
}

/** A rollback that waits for a second person. */
export interface ProposalView {
  readonly id: string;
  readonly sequence: number;
  readonly reason: string;
  readonly override: boolean;
  readonly actor: string;
  readonly time: string;
}

export interface ModelView extends ModelCard {
  readonly registeredTime: string;
  readonly classNames: readonly string[];
  readonly classCount: number;
  readonly mode: string;
  readonly originalWeightsDigest: string;
  readonly evaluationSets: readonly { name: string; role: string; size: number; digest: string }[];
  readonly servers: readonly ServerView[];
  readonly proposals: readonly ProposalView[];
  /** Newest first. */
  readonly moves: readonly ServingView[];
}

export interface RollbackAsk {
  readonly sequence: number;
  readonly reason: string;
  readonly override: boolean;
  /** Id of the proposal that this approves; empty: none. */
  readonly approves: string;
  readonly expectedGeneration: number;
}

export interface RollbackAnswer {
  readonly moved: boolean;
  readonly reopenedCount: number;
  readonly proposalId: string;
}

export interface QuarantineAsk {
  readonly sequence: number;
  readonly reason: string;
}
