export interface DeadLetterView {
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly stage: string;
  readonly reason: string;
  readonly errorClass: string;
  readonly attempt: number;
  readonly time: string;
  readonly sizeBytes: number;
  readonly state: string;
  readonly modelKey: string;
  readonly requestId: string;
  readonly emitter: string;
  readonly deadline: string;
  readonly hasBody: boolean;
  readonly decidedBy: string;
  readonly decidedTime: string;
  readonly decisionReason: string;
}

export interface DeadLetterPage {
  readonly deadLetters: readonly DeadLetterView[];
  readonly next: string;
  readonly openCount: number;
  readonly openRequestCount: number;
  readonly nearestDeadline: string;
}

export interface DeadLetterAsk {
  readonly id: string;
  readonly reason: string;
  readonly outOfOrder: boolean;
}

export interface DeadLetterAnswer {
  readonly already: boolean;
  readonly note: string;
}
