import { words } from '../format.ts';

export type Tone = 'good' | 'bad' | 'warn' | 'info' | 'quiet';

const tones: Readonly<Record<string, Tone>> = {
  completed: 'good',
  already_forgotten: 'good',
  no_match: 'quiet',
  duplicate: 'quiet',
  cancelled: 'quiet',
  denied: 'quiet',
  accepted: 'info',
  in_round: 'info',
  reopened: 'warn',
  extended: 'info',
  due: 'warn',
  escalated: 'bad',
  expired: 'bad',
  serving: 'good',
  passed: 'good',
  pass: 'good',
  promoted: 'good',
  superseded: 'quiet',
  rolled_back: 'warn',
  purge_due: 'quiet',
  purged: 'quiet',
  quarantined: 'warn',
  rejected: 'bad',
  fail: 'bad',
  inconclusive: 'warn',
  evaluating: 'info',
  open: 'warn',
  replayed: 'good',
  dropped: 'quiet',
  failed: 'bad',
  pending: 'info',
  delivered: 'good',
  current: 'good',
  behind: 'warn',
  silent: 'bad',
};

/** The sign says the same as the colour. */
const signs: Readonly<Record<Tone, string>> = {
  good: '✓',
  bad: '✕',
  warn: '!',
  info: '•',
  quiet: '–',
};

export function Badge({ state, tone }: { readonly state: string; readonly tone?: Tone }) {
  const shown = tone ?? toneOf(state);
  return (
    <span class={`badge ${shown}`}>
      <span aria-hidden="true">{signs[shown]}</span> {words(state)}
    </span>
  );
}

export function toneOf(state: string): Tone {
  return tones[state] ?? 'quiet';
}
