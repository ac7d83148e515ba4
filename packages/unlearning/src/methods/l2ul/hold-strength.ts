/**
 * How strongly each weight is held at its value: 1 − Ω̄ of the present forget set as in the
 * paper, but never less than the normalised importance of what earlier rounds moved. The paper
 * knows one round only; without earlier ones this is its rule.
 *
 * @param omega Ω̄ of this forget set, 0 … 1
 * @param earlier √F of the ledger, normalised the same way
 */
export function holdStrength(omega: Float32Array, earlier: Float32Array): Float32Array {
  return omega.map((value, i) => Math.max(1 - value, earlier[i] as number));
}
