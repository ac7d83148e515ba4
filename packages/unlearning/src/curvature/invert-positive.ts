/**
 * Inverse of a symmetric positive definite matrix by its Cholesky factor, M = L Lᵀ and
 * M⁻¹ = L⁻ᵀ L⁻¹, in float64; n³ multiplications.
 *
 * @param matrix row-major [n, n]
 * @returns row-major [n, n]; numbers that are not finite where the matrix is not positive definite
 */
export function invertPositive(matrix: Float64Array, n: number): Float64Array {
  const factor = choleskyOf(matrix, n);
  const inverse = invertLower(factor, n);
  const result = new Float64Array(n * n);
  // Row by row of L⁻¹, so that memory is walked in order.
  for (let k = 0; k < n; k++) {
    for (let i = 0; i <= k; i++) {
      const scale = inverse[k * n + i] as number;
      for (let j = 0; j <= i; j++) {
        result[i * n + j] = (result[i * n + j] as number) + scale * (inverse[k * n + j] as number);
      }
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) result[j * n + i] = result[i * n + j] as number;
  }
  return result;
}

/** L, with nothing above its diagonal. */
function choleskyOf(matrix: Float64Array, n: number): Float64Array {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * n + j] as number;
      for (let k = 0; k < j; k++) rest -= (l[i * n + k] as number) * (l[j * n + k] as number);
      l[i * n + j] = i === j ? Math.sqrt(rest) : rest / (l[j * n + j] as number);
    }
  }
  return l;
}

function invertLower(l: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const pivot = l[i * n + i] as number;
    inverse[i * n + i] = 1 / pivot;
    // Row i of L⁻¹ is −(Σ_k L_ik · row k of L⁻¹) / L_ii.
    for (let k = 0; k < i; k++) {
      const scale = (l[i * n + k] as number) / pivot;
      if (scale === 0) continue;
      for (let j = 0; j <= k; j++) {
        inverse[i * n + j] =
          (inverse[i * n + j] as number) - scale * (inverse[k * n + j] as number);
      }
    }
  }
  return inverse;
}
