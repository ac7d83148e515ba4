import { percent } from '../format.ts';

export interface OutcomeShare {
  readonly name: string;
  readonly value: number;
  readonly tone: string;
}

const width = 600;

/** How all of something divides: one bar, the same in words for who does not see it. */
export function OutcomesBar(props: {
  readonly outcomes: readonly OutcomeShare[];
  readonly total: number;
}) {
  const { outcomes, total } = props;
  const shown = outcomes.filter(({ value }) => value > 0);
  if (total === 0 || shown.length === 0) return null;
  let before = 0;
  const parts = shown.map((outcome) => {
    const x = (width * before) / total;
    before += outcome.value;
    return { ...outcome, x, span: (width * outcome.value) / total };
  });
  const title = shown.map(({ name, value }) => `${name} ${percent(value / total)}`).join(', ');
  return (
    <svg
      class="outcomes"
      viewBox={`0 0 ${width} 14`}
      preserveAspectRatio="none"
      role="img"
      aria-label={title}
    >
      <title>{title}</title>
      {parts.map(({ name, tone, x, span }) => (
        <rect
          key={name}
          class={tone}
          x={x.toFixed(1)}
          width={Math.max(1, span - 2).toFixed(1)}
          height="14"
        />
      ))}
    </svg>
  );
}
