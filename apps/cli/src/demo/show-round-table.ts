import { percent, points } from '../output/format.ts';
import type { Output } from '../output/output.ts';
import type { DemoRecord } from './demo-record.ts';

/** The table a demo ends with: a row for each candidate. */
export function showRoundTable(record: DemoRecord, out: Output): void {
  const { green, red } = out.colours;
  out.table(
    [
      { title: 'round', align: 'right' },
      { title: 'method' },
      { title: 'requests', align: 'right' },
      { title: 'images', align: 'right' },
      { title: 'forget now', align: 'right' },
      { title: 'forget earlier', align: 'right' },
      { title: 'held out', align: 'right' },
      { title: 'change', align: 'right' },
      { title: 'seconds', align: 'right' },
      { title: 'decision' },
    ],
    record.rounds.map((round) => [
      String(round.sequence),
      round.method,
      String(round.requests),
      String(round.images),
      percent(round.forgetAccuracy),
      percent(round.forgetAccuracyEarlier),
      percent(round.heldOutAccuracy),
      points(round.heldOutAccuracy - record.heldOutAccuracyBefore),
      round.seconds.toFixed(1),
      round.promoted ? green('promoted') : red('rejected'),
    ]),
  );
}
