import type { Random } from '../random.ts';

/** What the picture shows; the position is the label. */
export const pictureNames: readonly string[] = [
  'disc',
  'ring',
  'square',
  'frame',
  'triangle',
  'cross',
  'stripes',
  'checkers',
];

export interface PictureSettings {
  readonly side: number;
  /** Standard deviation of the noise on a pixel, in units of full brightness. */
  readonly noise: number;
}

/**
 * Draws one picture: a shape of random size, place, tilt and colour on a shaded ground, under a
 * distracting streak and noise. Arithmetic is exact in IEEE 754 (no sin, cos, exp), so that the
 * bytes, and with them the sample's SHA-256, are the same everywhere.
 * @returns [side, side, 3] bytes
 */
export function drawPicture(shape: number, random: Random, settings: PictureSettings): Uint8Array {
  const { side, noise } = settings;
  const ground = colour(random);
  const paint = contrasting(ground, random);
  const shade = [random.between(-0.25, 0.25), random.between(-0.25, 0.25)] as const;
  const radius = side * random.between(0.29, 0.42);
  const centre = [
    side * random.between(0.4, 0.6) - 0.5,
    side * random.between(0.4, 0.6) - 0.5,
  ] as const;
  const [cos, sin] = tilt(random);
  const phase = random.between(0, 2);
  const streak = streakOf(random, side);
  const streakColour = colour(random);

  const bytes = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const dx = (x - centre[0]) / radius;
      const dy = (y - centre[1]) / radius;
      const u = cos * dx + sin * dy;
      const v = cos * dy - sin * dx;
      const inside = covers(shape, u, v, phase);
      const crossed = Math.abs(streak[0] * x + streak[1] * y + streak[2]) < 0.7;
      const light = (shade[0] * (x - side / 2) + shade[1] * (y - side / 2)) / side;
      for (let channel = 0; channel < 3; channel++) {
        const base = inside ? paint[channel]! : ground[channel]! + light;
        const value = crossed ? (base + streakColour[channel]!) / 2 : base;
        const noisy = value + noise * random.bell();
        bytes[(y * side + x) * 3 + channel] = Math.round(255 * Math.min(1, Math.max(0, noisy)));
      }
    }
  }
  return bytes;
}

/** Whether the shape covers the point (u, v), in units of its radius. */
function covers(shape: number, u: number, v: number, phase: number): boolean {
  const square = Math.max(Math.abs(u), Math.abs(v));
  const circle = u * u + v * v;
  switch (pictureNames[shape]) {
    case 'disc':
      return circle < 1;
    case 'ring':
      return circle < 1.1 && circle > 0.36;
    case 'square':
      return square < 0.88;
    case 'frame':
      return square < 0.95 && square > 0.55;
    case 'triangle':
      return v > -0.8 && v < 0.9 && Math.abs(u) < (v + 0.8) * 0.62;
    case 'cross':
      return square < 1 && Math.min(Math.abs(u), Math.abs(v)) < 0.32;
    case 'stripes':
      return square < 1 && even(v * 1.8 + phase);
    case 'checkers':
      return square < 1 && even(u * 1.6 + phase) === even(v * 1.6 + phase);
    default:
      throw new RangeError(`there is no picture ${shape}`);
  }
}

function even(value: number): boolean {
  return Math.floor(value) % 2 === 0;
}

function colour(random: Random): [number, number, number] {
  return [random.between(0.1, 0.9), random.between(0.1, 0.9), random.between(0.1, 0.9)];
}

/** A colour that can be told from `other`, if only just. */
function contrasting(other: readonly number[], random: Random): [number, number, number] {
  for (;;) {
    const candidate = colour(random);
    const distance = candidate.reduce((sum, value, i) => sum + (value - other[i]!) ** 2, 0);
    if (distance > 0.25) return candidate;
  }
}

/** Cosine and sine of an angle within about ±17 degrees. */
function tilt(random: Random): [number, number] {
  const tangent = random.between(-0.3, 0.3);
  const hypotenuse = Math.sqrt(1 + tangent * tangent);
  return [1 / hypotenuse, tangent / hypotenuse];
}

/** A straight line a·x + b·y + c = 0 through the picture, with a² + b² = 1. */
function streakOf(random: Random, side: number): [number, number, number] {
  const [a, b] = [random.between(-1, 1), random.between(0.2, 1)];
  const length = Math.sqrt(a * a + b * b);
  const x = random.between(0, side);
  const y = random.between(0, side);
  return [a / length, b / length, -(a * x + b * y) / length];
}
