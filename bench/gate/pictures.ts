import { type LabelledSamples, Random } from '@lethe/unlearning';

export const side = 8;
export const classCount = 6;
export const classNames = Array.from({ length: classCount }, (_, label) => `class ${label}`);
const pixels = side * side;

/** Small pictures, a smooth prototype per class under strong noise: about one in eight is misjudged. */
export class Pictures {
  readonly #prototypes: readonly Float32Array[];
  readonly #random: Random;

  constructor(seed: number) {
    const random = new Random(seed);
    this.#prototypes = Array.from({ length: classCount }, () => prototype(random));
    this.#random = random.fork('samples');
  }

  /** Fresh samples, all classes alike. */
  draw(count: number): LabelledSamples {
    const labels = Int32Array.from({ length: count }, (_, i) => i % classCount);
    const values = new Float32Array(count * pixels);
    for (let i = 0; i < values.length; i++) {
      const clean = this.#prototypes[labels[Math.floor(i / pixels)] as number] as Float32Array;
      values[i] = (clean[i % pixels] as number) + noise * this.#random.normal();
    }
    return { values, labels };
  }
}

const noise = 1.2;

/** Waves of low frequency, so many that the classes of every seed are about as hard, one unit of strength a pixel. */
function prototype(random: Random): Float32Array {
  const waves = Array.from({ length: 24 }, () => ({
    x: random.uniform(0.2, 1.6),
    y: random.uniform(0.2, 1.6),
    phase: random.uniform(0, 2 * Math.PI),
    height: random.normal(),
  }));
  const raw = Float32Array.from({ length: pixels }, (_, i) =>
    waves.reduce(
      (sum, { x, y, phase, height }) =>
        sum + height * Math.sin(x * (i % side) + y * Math.floor(i / side) + phase),
      0,
    ),
  );
  const strength = Math.sqrt(raw.reduce((sum, value) => sum + value * value, 0) / pixels);
  return raw.map((value) => (0.45 * value) / strength);
}

export function slice(
  { values, labels }: LabelledSamples,
  from: number,
  to: number,
): LabelledSamples {
  return { values: values.slice(from * pixels, to * pixels), labels: labels.slice(from, to) };
}
