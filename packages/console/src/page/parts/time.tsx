import { dateTime, relative } from '../format.ts';

/** A time in UTC, how long ago it was beside it. */
export function Time({ time, plain = false }: { readonly time: string; readonly plain?: boolean }) {
  if (time === '') return <span class="quiet">–</span>;
  return (
    <time dateTime={time} title={`${time} (${relative(time)})`}>
      <span class="mono">{dateTime(time)}</span>
      {plain ? null : <span class="quiet"> {relative(time)}</span>}
    </time>
  );
}
