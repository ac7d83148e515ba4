import type { HistoryEntry, RoundEntry } from '../../wire/index.ts';
import { percent } from '../format.ts';
import { RoundPlot } from './round-plot.tsx';

/** What the model kept and what it forgot, round by round. */
export function AccuracyPlots({ entries }: { readonly entries: readonly HistoryEntry[] }) {
  const rounds = entries
    .filter((entry): entry is RoundEntry => entry.kind === 'round')
    .toSorted((a, b) => a.sequence - b.sequence);
  const measured = rounds.filter(({ heldOutAccuracy }) => heldOutAccuracy !== null);
  const forgotten = rounds.filter(({ forgetAccuracyAfter }) => forgetAccuracyAfter !== null);
  return (
    <div class="plots">
      {measured.length === 0 ? null : <HeldOut rounds={measured} />}
      {forgotten.length === 0 ? null : <Forgotten rounds={forgotten} />}
    </div>
  );
}

function HeldOut({ rounds }: { readonly rounds: readonly RoundEntry[] }) {
  const promoted = rounds.filter(({ wasPromoted }) => wasPromoted);
  const original = rounds.find(
    ({ originalAccuracy }) => originalAccuracy !== null,
  )?.originalAccuracy;
  const last = promoted.at(-1);
  const place = ({ sequence, heldOutAccuracy }: RoundEntry) => ({
    x: sequence,
    y: heldOutAccuracy ?? 0,
  });
  return (
    <RoundPlot
      title="Accuracy on held-out samples"
      summary={`Accuracy on held-out samples of ${rounds.length} candidates; the last one promoted has ${percent(last?.heldOutAccuracy ?? null)}, the original ${percent(original ?? null)}.`}
      format={(share, step) => percent(share, step < 0.001 ? 2 : 1)}
      lines={[{ tone: 'accent', points: promoted.map(place) }]}
      points={rounds.map((round) => ({
        ...place(round),
        mark: round.wasPromoted ? 'dot' : 'cross',
        tone: round.wasPromoted ? 'accent' : 'bad',
        title: `Round ${round.sequence}, ${round.wasPromoted ? 'promoted' : 'not promoted'}: ${percent(round.heldOutAccuracy, 2)}`,
      }))}
      reference={
        original === undefined || original === null
          ? undefined
          : { y: original, name: 'the original' }
      }
      legend={[
        { tone: 'accent', mark: 'dot', name: 'promoted' },
        { tone: 'bad', mark: 'cross', name: 'not promoted' },
      ]}
    />
  );
}

function Forgotten({ rounds }: { readonly rounds: readonly RoundEntry[] }) {
  const last = rounds.at(-1);
  return (
    <RoundPlot
      title="Accuracy on what each round was to forget"
      summary={`Accuracy on what each of ${rounds.length} rounds was to forget, before and after; the last one went from ${percent(last?.forgetAccuracyBefore ?? null)} to ${percent(last?.forgetAccuracyAfter ?? null)}.`}
      format={(share) => percent(share, 0)}
      range={[0, 1]}
      lines={[]}
      points={rounds.flatMap((round) => [
        {
          x: round.sequence,
          y: round.forgetAccuracyBefore ?? 0,
          mark: 'ring' as const,
          tone: 'quiet',
          title: `Round ${round.sequence}, before: ${percent(round.forgetAccuracyBefore)}`,
        },
        {
          x: round.sequence,
          y: round.forgetAccuracyAfter ?? 0,
          mark: round.wasPromoted ? ('dot' as const) : ('cross' as const),
          tone: round.wasPromoted ? 'accent' : 'bad',
          title: `Round ${round.sequence}, after: ${percent(round.forgetAccuracyAfter)}`,
        },
      ])}
      reference={undefined}
      legend={[
        { tone: 'quiet', mark: 'ring', name: 'before the round' },
        { tone: 'accent', mark: 'dot', name: 'after, promoted' },
        { tone: 'bad', mark: 'cross', name: 'after, not promoted' },
      ]}
    />
  );
}
