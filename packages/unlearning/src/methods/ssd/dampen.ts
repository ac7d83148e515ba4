/**
 * Selective synaptic dampening (Foster et al., AAAI 2024, eqs. 3 and 4): a weight whose importance
 * for the forget set is more than `selection` times that for the reference is multiplied by
 * min(λ · I_ref / I_f, 1); the others stay.
 *
 * @param theta [parameters]
 * @param forget I_f: importance for the forget set, one number per weight
 * @param reference I_ref: importance for what is kept
 * @param selection α
 * @param dampening λ
 */
export function dampen(
  theta: Float32Array,
  forget: Float32Array,
  reference: Float32Array,
  { selection, dampening }: { readonly selection: number; readonly dampening: number },
): Float32Array {
  return theta.map((weight, i) => {
    const [own, kept] = [forget[i] as number, reference[i] as number];
    return own > selection * kept ? weight * Math.min((dampening * kept) / own, 1) : weight;
  });
}
