import type { DeadLetterView } from './dead-letter.ts';

export interface RequestRow {
  readonly requestId: string;
  readonly emitter: string;
  readonly modelKey: string;
  readonly state: string;
  readonly isOpen: boolean;
  readonly regulation: string;
  readonly submittedTime: string;
  readonly deadline: string;
  /** Whole days; negative when overdue. */
  readonly daysLeft: number;
  readonly isExtended: boolean;
  readonly sampleCount: number;
  readonly sequence: number;
}

export interface RequestPage {
  readonly requests: readonly RequestRow[];
  /** Empty: this is the last page. */
  readonly next: string;
  /** All that the filter lets through. */
  readonly total: number;
}

export interface StatusView {
  readonly state: string;
  readonly detail: string;
  readonly time: string;
  readonly sequence: number;
}

export interface RequestView extends RequestRow {
  readonly detail: string;
  /** Oldest first. */
  readonly history: readonly StatusView[];
  readonly deadLetters: readonly DeadLetterView[];
  /** Of a request over several models, whose model is `*`: where it stands in each of them. */
  readonly models: readonly RequestRow[];
  /** The request over several models that this one is part of; empty: none. */
  readonly parentRequestId: string;
  /** With state `duplicate`: the request that did the same before. */
  readonly followsRequestId: string;
  readonly hasCertificate: boolean;
  /** Empty where nothing was traced. */
  readonly traceId: string;
}

export interface WithdrawAsk {
  readonly requestId: string;
  readonly emitter: string;
  readonly reason: string;
}

export interface ExtendAsk extends WithdrawAsk {
  /** When the person was told. */
  readonly noticeTime: string;
}
