/**
 * How a round goes on: at full step size until the goal is met, then repairing at a falling one.
 * When the goal comes no nearer for a while, what is retained gives way by half.
 */
export interface PaceOptions {
  /** Fewest steps at full step size. */
  readonly forgetSteps: number;
  readonly repairSteps: number;
  /** Most steps until the goal is met. */
  readonly stepLimit: number;
}

export type Pace =
  | {
      readonly kind: 'forgetting' | 'repairing';
      /** Step size, as a share of the full one. */
      readonly rateShare: number;
      /** λ, as a share of the full one. */
      readonly retainShare: number;
    }
  | { readonly kind: 'ended' };

export class Pacer {
  readonly #options: PaceOptions;
  #step = 0;
  #repairFrom: number | undefined;
  #retainShare = 1;
  /** Of the goal, when that was last looked at. */
  #isShort = true;
  #bestDistance = Number.POSITIVE_INFINITY;
  #bestStep = 0;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /**
   * @param reached is the goal met at the present weights? undefined where that was not looked at
   * @param distance mean distance from it
   */
  next(reached: boolean | undefined, distance: number): Pace {
    const { forgetSteps, repairSteps, stepLimit } = this.#options;
    const step = this.#step++;
    if (this.#repairFrom === undefined && reached === true && step >= forgetSteps) {
      this.#repairFrom = step;
    }
    if (this.#repairFrom !== undefined) {
      const done = step - this.#repairFrom;
      if (done >= repairSteps) return { kind: 'ended' };
      const left = 1 - done / repairSteps;
      const rateShare = Math.max(smallestShare, left);
      return { kind: 'repairing', rateShare, retainShare: this.#retainShare };
    }
    if (step >= stepLimit) return { kind: 'ended' };
    if (reached !== undefined) this.#isShort = !reached;
    if (this.#isShort) this.#giveWay(step, distance);
    return { kind: 'forgetting', rateShare: 1, retainShare: this.#retainShare };
  }

  #giveWay(step: number, distance: number): void {
    if (distance < this.#bestDistance * progress) {
      this.#bestDistance = distance;
      this.#bestStep = step;
    } else if (step - this.#bestStep >= patience) {
      this.#retainShare /= 2;
      this.#bestStep = step;
    }
  }
}

/** Steps without progress after which λ is halved. */
const patience = 20;
/** Progress is a fall of the distance below this share of the best one so far. */
const progress = 0.95;
/** Smallest step size of a repair, as a share of the full one. */
const smallestShare = 0.1;
