// Which outputs of a convolution a tap reaches without leaving the input.

/** Smallest output index whose input index, index * stride - offset, is not negative. */
export function firstInside(offset: i32, stride: i32): i32 {
  return offset <= 0 ? 0 : (offset + stride - 1) / stride;
}

/** One more than the largest output index whose index * stride is below `limit`. */
export function endInside(limit: i32, stride: i32): i32 {
  return limit <= 0 ? 0 : (limit - 1) / stride + 1;
}
