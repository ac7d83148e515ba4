/** Φ(z): P(Z ≤ z) of a standard normal, relative error below 1e-12 also far in the tails. */
export function normalCdf(z: number): number {
  if (Number.isNaN(z)) return Number.NaN;
  const upper = upperTail(Math.abs(z));
  return z > 0 ? 1 - upper : upper;
}

/** P(Z > z) for z ≥ 0: a series near the middle, a continued fraction in the tail (A&S 26.2.11, 26.2.14). */
function upperTail(z: number): number {
  if (z > 40) return 0;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 3) {
    let [term, sum] = [z, z];
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
      term *= (z * z) / (2 * n + 1);
      sum += term;
    }
    return 0.5 - density * sum;
  }
  let fraction = 0;
  for (let n = 120; n >= 1; n--) fraction = n / (z + fraction);
  return density / (z + fraction);
}

/**
 * The z with Φ(z) = p, by bisection on {@link normalCdf} to the last bit: exactness matters here,
 * speed does not.
 *
 * @param p above 0 and below 1
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1))
    return p === 0 ? Number.NEGATIVE_INFINITY : p === 1 ? Number.POSITIVE_INFINITY : Number.NaN;
  if (p > 0.5) return -normalQuantile(1 - p);
  let [low, high] = [-40, 0];
  for (let step = 0; step < 80; step++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
