/**
 * What an unlearner remembers of what it has made a network forget: per weight, how much moving
 * it would move the margins of forgotten samples, and where those margins were left.
 *
 * After rounds t = 1 … n that ended at θ_t with importance F_t (Σ over the round's samples of the
 * squared gradient of their margin), the quadratic penalty of every round together,
 *   Σ_t ½ F_t (θ − θ_t)² = ½ F (θ − θ̄)² + constant,  F = Σ F_t,  θ̄ = Σ F_t θ_t / F,
 * needs only F and θ̄: two numbers per weight however many rounds there were. With a decay γ,
 * F_t counts γ^(n−t), so that F is bounded over hundreds of rounds.
 */
export interface Ledger {
  /** Rounds that have been entered. */
  readonly rounds: number;
  /** Forget samples that have been entered. */
  readonly samples: number;
  /** F: [parameters] */
  readonly importance: Float32Array;
  /** θ̄: [parameters]; means nothing where F is 0. */
  readonly anchor: Float32Array;
}

export function emptyLedger(parameterCount: number): Ledger {
  return {
    rounds: 0,
    samples: 0,
    importance: new Float32Array(parameterCount),
    anchor: new Float32Array(parameterCount),
  };
}

export interface RoundEntry {
  readonly samples: number;
  /** F_t: [parameters] */
  readonly importance: Float32Array;
  /** θ_t: [parameters] */
  readonly theta: Float32Array;
  /** γ, 0 to 1; 1 keeps every round at full weight. */
  readonly decay: number;
}

/** The ledger after one more round. */
export function advanceLedger(ledger: Ledger, entry: RoundEntry): Ledger {
  const importance = new Float32Array(ledger.importance.length);
  const anchor = new Float32Array(ledger.anchor.length);
  for (let i = 0; i < importance.length; i++) {
    const kept = (ledger.importance[i] as number) * entry.decay;
    const added = entry.importance[i] as number;
    const sum = kept + added;
    const [before, now] = [ledger.anchor[i] as number, entry.theta[i] as number];
    importance[i] = sum;
    anchor[i] = sum > 0 ? before + ((now - before) * added) / sum : now;
  }
  return {
    rounds: ledger.rounds + 1,
    samples: ledger.samples + entry.samples,
    importance,
    anchor,
  };
}
