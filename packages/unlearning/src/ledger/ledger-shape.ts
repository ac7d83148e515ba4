import { carriedLength } from '../curvature/carried-curvature.ts';
import { affineLayers } from '../network/affine-layers.ts';
import type { NetworkFunction } from '../network/network-function.ts';
import type { LedgerShape } from './ledger.ts';

export function ledgerShape(network: NetworkFunction): LedgerShape {
  return {
    importance: network.parameterCount,
    curvature: carriedLength(affineLayers(network)),
    classes: network.network.classCount,
  };
}
