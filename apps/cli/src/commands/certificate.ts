import { writeFileSync } from 'node:fs';
import { join, parse } from 'node:path';
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
  const { envelope, parts } = await evidence.getCertificate({ requestId, emitter });
  if (options.out === '-') {
    out.result(JSON.parse(envelope));
    out.line(envelope);
    for (const part of parts) {
      out.result(JSON.parse(part));
      out.line(part);
    }
    return exitCodes.ok;
  }
  writeFileSync(options.out, envelope);
  // Of a request over several models: those of the models lie beside it, 1, 2, 3, …
  parts.forEach((part, at) => {
    writeFileSync(partFile(options.out, at + 1), part);
  });
  out.result({ requestId, file: options.out });
  out.line(
    `The certificate is in ${options.out}. Check it: lethe verify ${options.out} --keys FILE`,
  );
  return exitCodes.ok;
};

/** `certificate.json` → `certificate.2.json`. */
function partFile(file: string, number: number): string {
  const { dir, name, ext } = parse(file);
  return join(dir, `${name}.${number}${ext}`);
}
