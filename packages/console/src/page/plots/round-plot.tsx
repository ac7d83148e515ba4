import { useNarrow } from './use-narrow.ts';

export interface PlotPoint {
  /** Number of the round. */
  readonly x: number;
  readonly y: number;
  /** Mark: a dot for what was promoted, a cross for what was not. */
  readonly mark: 'dot' | 'cross' | 'ring';
  readonly tone: string;
  readonly title: string;
}

export interface PlotLine {
  readonly tone: string;
  readonly points: readonly { x: number; y: number }[];
}

export interface RoundPlotProps {
  readonly title: string;
  /** The same in words, for who cannot see it. */
  readonly summary: string;
  readonly lines: readonly PlotLine[];
  readonly points: readonly PlotPoint[];
  /** A dashed line, and what it is. */
  readonly reference: { readonly y: number; readonly name: string } | undefined;
  /** @param step between two ticks: with fewer digits they would look the same */
  readonly format: (y: number, step: number) => string;
  readonly range?: readonly [number, number];
  readonly legend: readonly { tone: string; mark: PlotPoint['mark']; name: string }[];
}

/** In the picture's own units; one is a pixel where there is room, so that letters stay legible. */
const sizes = {
  wide: { width: 620, height: 230, left: 58, right: 14, top: 12, bottom: 30, mostLabels: 12 },
  narrow: { width: 320, height: 210, left: 58, right: 8, top: 12, bottom: 30, mostLabels: 5 },
} as const;

/** Figures over the rounds of a model. */
export function RoundPlot(props: RoundPlotProps) {
  const size = sizes[useNarrow() ? 'narrow' : 'wide'];
  const xs = [...props.points, ...props.lines.flatMap(({ points }) => points)].map(({ x }) => x);
  const [first, last] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = props.range ?? rangeOf(props);
  const x = (round: number) =>
    first === last
      ? (size.left + size.width - size.right) / 2
      : size.left +
        10 +
        ((size.width - size.left - size.right - 20) * (round - first)) / (last - first);
  const y = (value: number) =>
    size.height -
    size.bottom -
    ((size.height - size.top - size.bottom) * (value - low)) / (high - low || 1);
  const between = (high - low) / 4;
  const ticks = [0, 1, 2, 3, 4].map((tick) => low + between * tick);
  const step = Math.max(1, Math.ceil((last - first + 1) / size.mostLabels));
  const labels: number[] = [];
  for (let round = first; round <= last; round += step) labels.push(round);
  return (
    <figure class="plot">
      <figcaption>{props.title}</figcaption>
      <svg viewBox={`0 0 ${size.width} ${size.height}`} role="img" aria-label={props.summary}>
        <title>{props.summary}</title>
        {ticks.map((tick) => (
          <g key={tick}>
            <line
              class="grid"
              x1={size.left}
              x2={size.width - size.right}
              y1={y(tick)}
              y2={y(tick)}
            />
            <text class="tick" x={size.left - 8} y={y(tick) + 4} text-anchor="end">
              {props.format(tick, between)}
            </text>
          </g>
        ))}
        {labels.map((round) => (
          <text key={round} class="tick" x={x(round)} y={size.height - 8} text-anchor="middle">
            #{round}
          </text>
        ))}
        {props.reference === undefined ? null : (
          <line
            class="reference"
            x1={size.left}
            x2={size.width - size.right}
            y1={y(props.reference.y)}
            y2={y(props.reference.y)}
          />
        )}
        {props.lines.map((line) => (
          <polyline
            key={line.tone}
            class={`line ${line.tone}`}
            points={line.points.map((point) => `${x(point.x)},${y(point.y)}`).join(' ')}
          />
        ))}
        {props.points.map((point) => (
          <Mark
            key={`${point.x} ${point.tone} ${point.mark}`}
            point={point}
            x={x(point.x)}
            y={y(point.y)}
          />
        ))}
      </svg>
      <ul class="legend">
        {props.legend.map(({ tone, mark, name }) => (
          <li key={name}>
            <svg viewBox="0 0 14 14" aria-hidden="true">
              <Mark point={{ mark, tone, title: '', x: 0, y: 0 }} x={7} y={7} />
            </svg>
            {name}
          </li>
        ))}
        {props.reference === undefined ? null : (
          <li>
            <svg viewBox="0 0 22 14" aria-hidden="true">
              <line class="reference" x1="0" x2="22" y1="7" y2="7" />
            </svg>
            {props.reference.name}
          </li>
        )}
      </ul>
    </figure>
  );
}

function Mark({
  point,
  x,
  y,
}: {
  readonly point: PlotPoint;
  readonly x: number;
  readonly y: number;
}) {
  const title = point.title === '' ? null : <title>{point.title}</title>;
  if (point.mark === 'cross') {
    return (
      <path class={`mark cross ${point.tone}`} d={`M${x - 4} ${y - 4}l8 8m0 -8l-8 8`}>
        {title}
      </path>
    );
  }
  return (
    <circle class={`mark ${point.mark} ${point.tone}`} cx={x} cy={y} r="4">
      {title}
    </circle>
  );
}

function rangeOf({ points, lines, reference }: RoundPlotProps): [number, number] {
  const values = [...points, ...lines.flatMap((line) => line.points)].map(({ y }) => y);
  if (reference !== undefined) values.push(reference.y);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const margin = (high - low || Math.abs(high) || 1) * 0.15;
  // Shares: there is nothing below none and above all.
  return [Math.max(0, low - margin), Math.min(1, high + margin)];
}
