/**
 * How a round goes on: at full step size until the goal is met, then repairing at a falling one.
 * When nothing moves for a while the step size doubles, so that networks whose logits need
 * larger steps than those it was chosen for are unlearned too.
 */
export interface PaceOptions {
  readonly learningRate: number;
  readonly forgetSteps: number;
  readonly repairSteps: number;
  readonly stepLimit: number;
}

export type Pace =
  | { readonly kind: 'forgetting'; readonly rate: number }
  | { readonly kind: 'repairing'; readonly rate: number }
  | { readonly kind: 'ended' };

export class Pacer {
  readonly #options: PaceOptions;
  #rate: number;
  #step = 0;
  #repairFrom: number | undefined;
  #bestDistance = Number.POSITIVE_INFINITY;
  #bestStep = 0;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#rate = options.learningRate;
  }

  /**
   * @param reached is the goal met at the present weights?
   * @param distance mean distance from it
   */
  next(reached: boolean, distance: number): Pace {
    const { forgetSteps, repairSteps, stepLimit } = this.#options;
    const step = this.#step++;
    if (this.#repairFrom === undefined && reached && step >= forgetSteps) this.#repairFrom = step;
    if (this.#repairFrom !== undefined) {
      const left = 1 - (step - this.#repairFrom) / Math.max(1, repairSteps);
      if (left <= 0) return { kind: 'ended' };
      return { kind: 'repairing', rate: this.#rate * Math.max(smallestShare, left) };
    }
    if (step >= stepLimit) return { kind: 'ended' };
    this.#accelerate(step, distance);
    return { kind: 'forgetting', rate: this.#rate };
  }

  #accelerate(step: number, distance: number): void {
    if (distance < this.#bestDistance * 0.95) {
      this.#bestDistance = distance;
      this.#bestStep = step;
    } else if (step - this.#bestStep >= patience) {
      this.#rate = Math.min(2 * this.#rate, this.#options.learningRate * fastest);
      this.#bestStep = step;
    }
  }
}

/** Steps without a twentieth of progress after which the step size doubles. */
const patience = 20;
/** Greatest step size, in learning rates. */
const fastest = 64;
/** Smallest step size of a repair, as a share of the full one. */
const smallestShare = 0.1;
