import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SeedRow } from './rows.ts';

export type Availability =
  | { readonly kind: 'ready' }
  /** What to bring, and the command that runs the row then. */
  | { readonly kind: 'missing'; readonly what: string; readonly command: string };

/** Can a row be run with what lies in the data folder? */
export function availabilityOf(row: SeedRow, dataDir: string): Availability {
  const missing: string[] = [];
  if (!existsSync(join(dataDir, row.data.folder))) {
    missing.push(`${row.data.from} at ${join(dataDir, row.data.folder)}`);
  }
  const network = networkPath(row);
  if (network !== undefined && !existsSync(join(dataDir, network.path))) {
    missing.push(`a trained network (${network.kind}) at ${join(dataDir, network.path)}`);
  }
  if (missing.length === 0) return { kind: 'ready' };
  const command = `npm run bench:seed -- --row ${row.id} --data-dir ${dataDir}`;
  return { kind: 'missing', what: missing.join(', '), command };
}

/** Below the data folder; none where networks are trained on the spot. */
export function networkPath(
  row: SeedRow,
): { readonly kind: string; readonly path: string } | undefined {
  if (row.measure === 'u_lira') return undefined;
  const { network } = row;
  switch (network.kind) {
    case 'torch-resnet':
      return { kind: network.kind, path: network.file };
    case 'layers-model':
      return { kind: network.kind, path: network.folder };
    case 'trained-mlp':
      return undefined;
    default:
      return network satisfies never;
  }
}
