import { readFileSync } from 'node:fs';

/** Prints the comment at the head of a bench and ends the process, where `--help` asks for it. */
export function answerHelp(file: string): void {
  if (!process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) return;
  const [head = ''] = readFileSync(file, 'utf8').split('*/', 1);
  process.stdout.write(`${head.replaceAll(/^\/?\s*\*+ ?/gm, '').trim()}\n`);
  process.exit(0);
}
