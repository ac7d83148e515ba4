export interface IntervalPlotProps {
  readonly value: number;
  readonly interval: readonly [number, number];
  /** Where it may lie. */
  readonly bounds: readonly [number, number];
  /** From where to where the plot reaches. */
  readonly range: readonly [number, number];
  readonly tone: string;
  /** The same in words. */
  readonly title: string;
}

const size = { width: 240, height: 28, margin: 8 };

/** The allowed range as a band, the interval as a line on it, the value as a dot. */
export function IntervalPlot(props: IntervalPlotProps) {
  const [low, high] = props.range;
  const x = (value: number) => {
    const share = (Math.min(high, Math.max(low, value)) - low) / (high - low || 1);
    return size.margin + share * (size.width - 2 * size.margin);
  };
  const middle = size.height / 2;
  const [from, to] = [x(props.bounds[0]), x(props.bounds[1])];
  return (
    <svg
      class={`interval ${props.tone}`}
      viewBox={`0 0 ${size.width} ${size.height}`}
      role="img"
      aria-label={props.title}
    >
      <title>{props.title}</title>
      <rect
        class="allowed"
        x={from}
        y="5"
        width={Math.max(1, to - from)}
        height={size.height - 10}
        rx="3"
      />
      <line
        class="reach"
        x1={x(props.interval[0])}
        x2={x(props.interval[1])}
        y1={middle}
        y2={middle}
      />
      <circle class="value" cx={x(props.value)} cy={middle} r="4.5" />
    </svg>
  );
}
