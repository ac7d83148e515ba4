/**
 * A piece of numeric work that runs in a compute process, away from the event loop that
 * keeps heartbeats. A job module exports `run`; inputs and outputs cross by structured clone
 * (typed arrays included).
 */
export type JobFunction<Input, Output, Progress> = (
  input: Input,
  context: JobContext<Progress>,
) => Promise<Output>;

export interface JobContext<Progress> {
  /** The backend opened for this process. */
  readonly backend: import('./backend.ts').Backend;
  readonly report: (progress: Progress) => void;
  readonly signal: AbortSignal;
}
