import { LetheError, type ModelKey, shorten } from '@lethe/contracts';
import { requireFewModels } from '../domain/fan-out.ts';
import type { ParsedModels, ParsedRequest } from '../domain/parse-request.ts';
import type { IntakeModel } from '../domain/resolve-request.ts';
import type { ModelCatalog } from './model-catalog.ts';

/**
 * The models that a request is over.
 *
 * @throws LetheError `not_found` for one that is not registered; `capacity` for too many
 */
export async function namedModels(
  { models }: ParsedRequest,
  catalog: ModelCatalog,
  find: (modelKey: ModelKey) => Promise<IntakeModel | undefined>,
): Promise<IntakeModel[]> {
  const keys = await keysOf(models, catalog);
  const found: IntakeModel[] = [];
  for (const [at, modelKey] of keys.entries()) {
    const model = await find(modelKey);
    const field = models.kind === 'one' ? 'model_key' : `model_keys[${at}]`;
    if (model === undefined) throw unknownModel(modelKey, field);
    found.push(model);
  }
  return found;
}

async function keysOf(models: ParsedModels, catalog: ModelCatalog): Promise<readonly ModelKey[]> {
  switch (models.kind) {
    case 'one':
      return [models.modelKey];
    case 'listed':
      return models.modelKeys;
    case 'all': {
      const keys = await catalog.keys();
      requireFewModels(keys.length);
      if (keys.length > 0) return keys;
      throw new LetheError('not_found', 'no model is registered. lethe import registers one.');
    }
    default:
      return models satisfies never;
  }
}

export function unknownModel(modelKey: ModelKey, field: string): LetheError {
  const description = 'is not registered';
  const remedy = 'See lethe models for those that are; lethe import registers one.';
  return new LetheError('not_found', `${field} = "${modelKey}": ${description}. ${remedy}`, {
    violations: [{ field, value: shorten(modelKey), description, remedy }],
  });
}
