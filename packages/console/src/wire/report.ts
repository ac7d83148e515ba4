/** Requests of one year, as the CCPA (§ 7102) wants them published. */
export interface YearlyReport {
  /** Calendar year in the time zone of the legal clocks. */
  readonly year: number;
  /** When it was counted. */
  readonly countedTime: string;
  readonly received: number;
  /** Completed, already forgotten, nothing matched or duplicate. */
  readonly compliedWith: number;
  readonly denied: number;
  readonly cancelled: number;
  readonly open: number;
  readonly escalated: number;
  readonly extended: number;
  /** Ended after their deadline, or open and past it. */
  readonly late: number;
  /** Open, not late, and past 50, 75, 90 % of their legal time; each counts once, in the last. */
  readonly due50: number;
  readonly due75: number;
  readonly due90: number;
  /** Days from submission to the end; 0 when nothing ended. */
  readonly meanDays: number;
  readonly medianDays: number;
}
