import type { ModelKey } from '@lethe/contracts';
import type { IntakeModel } from '../domain/resolve-request.ts';

/** The registered models. Adapter: {@link LineageModelCatalog}. */
export interface ModelCatalog extends AsyncDisposable {
  /** Ascending. */
  keys(): Promise<readonly ModelKey[]>;
  /** `undefined` when no such model is registered. */
  find(modelKey: ModelKey): Promise<IntakeModel | undefined>;
}
