import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SeedRow } from './rows.ts';

export type Availability =
  | { readonly kind: 'ready' }
  /** What to bring, and the command that runs the row then. */
  | { readonly kind: 'missing'; readonly what: string; readonly command: string }
  /** This bench cannot measure it, whatever is brought. */
  | { readonly kind: 'unmeasured'; readonly why: string };

/** Can a row be run with what lies in the data folder? */
export function availabilityOf(row: SeedRow, dataDir: string): Availability {
  if (row.measure === 'u_lira') {
    return { kind: 'unmeasured', why: 'it compares with an ensemble of retrained networks' };
  }
  const missing: string[] = [];
  if (!existsSync(join(dataDir, row.data.folder))) {
    missing.push(`${row.data.from} at ${join(dataDir, row.data.folder)}`);
  }
  const network = networkPath(row);
  if (network !== undefined && !existsSync(join(dataDir, network))) {
    missing.push(`a trained network (${row.network.kind}) at ${join(dataDir, network)}`);
  }
  if (missing.length === 0) return { kind: 'ready' };
  const command = `npm run bench:seed -- --row ${row.id} --data-dir ${dataDir}`;
  return { kind: 'missing', what: missing.join(', '), command };
}

/** Below the data folder; none where the network is trained on the spot. */
export function networkPath({ network }: SeedRow): string | undefined {
  switch (network.kind) {
    case 'torch-resnet':
      return network.file;
    case 'layers-model':
      return network.folder;
    case 'trained-mlp':
      return undefined;
    default:
      return network satisfies never;
  }
}
