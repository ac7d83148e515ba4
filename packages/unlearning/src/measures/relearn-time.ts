/** A network that is being taught the forgotten samples again. */
export interface Relearner {
  /** One step of training on the forgotten samples. */
  step(): Promise<void>;
  /** Accuracy on them now, a share. */
  accuracy(): Promise<number>;
}

/**
 * Relearn time (Tarun et al., "Fast yet effective machine unlearning", 2023): steps until the
 * forgotten samples are known again. Far fewer than a network needs that never saw them means
 * that they were hidden, not forgotten.
 *
 * @returns 0 when they are known already; `undefined` when `limit` steps do not suffice
 */
export async function relearnTime(
  relearner: Relearner,
  target: number,
  limit: number,
): Promise<number | undefined> {
  for (let steps = 0; ; steps++) {
    if ((await relearner.accuracy()) >= target) return steps;
    if (steps === limit) return undefined;
    await relearner.step();
  }
}
