import { writeFileSync } from 'node:fs';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { connectEvidence } from './running-lethe.ts';

interface CertificateOptions {
  readonly emitter?: string;
  readonly out: string;
}

export const run: CommandFunction<CertificateOptions> = async (options, out, requestId = '') => {
  await using evidence = connectEvidence(options);
  const emitter = options.emitter ?? '';
  const { envelope } = await evidence.getCertificate({ requestId, emitter });
  if (options.out === '-') {
    out.result(JSON.parse(envelope));
    out.line(envelope);
    return exitCodes.ok;
  }
  writeFileSync(options.out, envelope);
  out.result({ requestId, file: options.out });
  out.line(
    `The certificate is in ${options.out}. Check it: lethe verify ${options.out} --keys FILE`,
  );
  return exitCodes.ok;
};
