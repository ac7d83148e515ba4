import type { RequestRow } from '../../wire/index.ts';
import { daysLeftText } from '../format.ts';

/** The legal clock of a request: what is left in words, what has gone as a bar. */
export function DaysLeft({ request }: { readonly request: RequestRow }) {
  const { isOpen, daysLeft, submittedTime, deadline } = request;
  if (!isOpen || deadline === '') return <span class="quiet">–</span>;
  const begin = Date.parse(submittedTime);
  const gone = (Date.now() - begin) / (Date.parse(deadline) - begin);
  const share = Number.isFinite(gone) ? Math.min(1, Math.max(0, gone)) : 1;
  const tone = daysLeft < 0 || share >= 0.9 ? 'bad' : share >= 0.75 ? 'warn' : 'info';
  return (
    <span class={`clock ${tone}`}>
      <svg viewBox="0 0 60 6" aria-hidden="true" class="clock-bar">
        <rect class="track" width="60" height="6" rx="3" />
        <rect class="gone" width={(60 * share).toFixed(1)} height="6" rx="3" />
      </svg>
      {daysLeftText(daysLeft)}
    </span>
  );
}
