import { RoundManifest, RoundProgress } from '@lethe/contracts';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { counted, percent, shortDigest } from '../output/format.ts';
import { modeName } from '../output/names.ts';
import type { Output } from '../output/output.ts';
import { connectUnlearner } from './running-lethe.ts';

interface RoundsOptions {
  readonly after: number;
  readonly limit: number;
  readonly watch?: boolean;
}

export const run: CommandFunction<RoundsOptions> = async (options, out, modelKey = '') => {
  await using unlearner = connectUnlearner(options);
  const { rounds } = await unlearner.listRounds({
    modelKey,
    afterSequence: options.after,
    limit: options.limit,
  });
  for (const round of rounds) out.result(RoundManifest.toJSON(round));
  if (rounds.length === 0) out.line(`${modelKey} has no rounds yet.`);
  else out.table(columns, rounds.map(roundRow));
  if (options.watch === true) await watch(unlearner.watchRounds({ modelKey }), out);
  return exitCodes.ok;
};

const columns = [
  { title: 'round', align: 'right' },
  { title: 'from', align: 'right' },
  { title: 'mode' },
  { title: 'method' },
  { title: 'rung', align: 'right' },
  { title: 'requests', align: 'right' },
  { title: 'samples', align: 'right' },
  { title: 'forget accuracy' },
  { title: 'steps', align: 'right' },
  { title: 'seconds', align: 'right' },
  { title: 'weights' },
] as const;

function roundRow(manifest: RoundManifest): string[] {
  const sequence = String(manifest.sequence);
  switch (manifest.entry?.$case) {
    case 'round': {
      const round = manifest.entry.value;
      return [
        sequence,
        String(round.parentSequence),
        modeName(round.mode),
        round.method,
        String(round.ladderStep),
        String(round.parts.length),
        String(round.parts.reduce((sum, part) => sum + part.rows.length, 0)),
        `${percent(round.metrics?.forgetAccuracyBefore)} → ${percent(round.metrics?.forgetAccuracyAfter)}`,
        String(round.metrics?.steps ?? 0),
        (round.metrics?.seconds ?? 0).toFixed(1),
        shortDigest(round.weightsDigest),
      ];
    }
    case 'escalation': {
      const { parentSequence, parts, reason } = manifest.entry.value;
      return [sequence, String(parentSequence), 'escalated', reason, '', String(parts.length)];
    }
    case 'rollback': {
      const { parentSequence, targetSequence, reopened, reason } = manifest.entry.value;
      const requests = String(reopened.length);
      const what = `rolled back to ${targetSequence}`;
      return [sequence, String(parentSequence), what, reason, '', requests];
    }
    case 'withdrawal': {
      const { parentSequence, kind, reason } = manifest.entry.value;
      return [sequence, String(parentSequence), kind, reason, '', '1'];
    }
    case 'duplicates': {
      const { parentSequence, requests } = manifest.entry.value;
      const reason = 'done before under another id';
      return [sequence, String(parentSequence), 'duplicate', reason, '', String(requests.length)];
    }
    case undefined:
      return [sequence];
    default:
      return manifest.entry satisfies never;
  }
}

async function watch(updates: AsyncIterable<RoundProgress>, out: Output): Promise<void> {
  for await (const update of updates) {
    out.result(RoundProgress.toJSON(update));
    const place = update.stepLimit > 0 ? ` step ${update.step}/${update.stepLimit}` : '';
    const reason = update.reason === '' ? '' : ` (${update.reason})`;
    out.line(
      `${update.modelKey} #${update.sequence} ${update.phase}${place}${reason}, ${counted(update.requestCount, 'request')}, ${counted(update.sampleCount, 'sample')}, ${update.pendingRequestCount} waiting`,
    );
  }
}
