import { LetheError, ModelSummary } from '@lethe/contracts';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { shortDigest } from '../output/format.ts';
import { modeName } from '../output/names.ts';
import { exportServed } from './export-served.ts';
import { connectRegistry } from './running-lethe.ts';

interface ModelsOptions {
  readonly export?: string;
  readonly store?: string;
}

export const run: CommandFunction<ModelsOptions> = async (options, out, modelKey) => {
  if (options.export !== undefined) return exportServed(options, modelKey, options.export, out);
  await using registry = connectRegistry(options);
  const { models } = await registry.listModels({});
  const shown = models.filter(
    (model) => modelKey === undefined || model.registration?.modelKey === modelKey,
  );
  for (const model of shown) out.result(ModelSummary.toJSON(model));
  if (shown.length === 0) {
    if (modelKey !== undefined) {
      throw new LetheError(
        'not_found',
        `there is no model ${modelKey}; see the keys with lethe models`,
      );
    }
    out.line('No models yet. Register one with: lethe import');
    return exitCodes.ok;
  }
  out.table(
    [
      { title: 'model' },
      { title: 'classes', align: 'right' },
      { title: 'default mode' },
      { title: 'serving round', align: 'right' },
      { title: 'weights' },
      { title: 'promoted' },
      { title: 'open requests', align: 'right' },
      { title: 'escalated', align: 'right' },
    ],
    shown.map(({ registration, serving, openRequestCount, escalatedRequestCount }) => [
      registration?.modelKey ?? '',
      String(registration?.classCount ?? ''),
      registration ? modeName(registration.defaultMode) : '',
      String(serving?.sequence ?? '–'),
      shortDigest(serving?.weightsDigest ?? ''),
      serving?.promotedTime?.toISOString() ?? '–',
      String(openRequestCount),
      String(escalatedRequestCount),
    ]),
  );
  return exitCodes.ok;
};
