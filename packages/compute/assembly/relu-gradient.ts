// dx = dy where y = relu(x) is positive, else 0. `size` float32 values; dx may be dy.

export function reluGradient(dy: usize, y: usize, dx: usize, size: i32): void {
  const zero = f32x4.splat(0);
  let i: usize = 0;
  const vectors = (<usize>(size >> 2)) << 4;
  for (; i < vectors; i += 16) {
    const positive = f32x4.gt(v128.load(y + i), zero);
    v128.store(dx + i, v128.and(v128.load(dy + i), positive));
  }
  const end = (<usize>size) << 2;
  for (; i < end; i += 4) {
    store<f32>(dx + i, load<f32>(y + i) > 0 ? load<f32>(dy + i) : 0);
  }
}
