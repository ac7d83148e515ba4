import { writeFileSync } from 'node:fs';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { connectEvidence } from './running-lethe.ts';

export const run: CommandFunction<object> = async (options, out, file = '-') => {
  await using evidence = connectEvidence(options);
  const { envelope } = await evidence.getCheckpoint({});
  if (file === '-') {
    out.result(JSON.parse(envelope));
    out.line(envelope);
    return exitCodes.ok;
  }
  writeFileSync(file, envelope);
  out.result({ file });
  out.line(`The checkpoint is in ${file}. Keep it where whoever runs Lethe cannot change it.`);
  return exitCodes.ok;
};
