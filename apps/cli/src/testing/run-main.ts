import { main } from '../main.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process; its exit code, and what it wrote. */
export async function runMain(args: readonly string[]): Promise<Ran> {
  const out = takeWrites(process.stdout);
  const err = takeWrites(process.stderr);
  try {
    const code = await main(args);
    return { code, stdout: out.text(), stderr: err.text() };
  } finally {
    out.giveBack();
    err.giveBack();
  }
}

function takeWrites(stream: NodeJS.WriteStream) {
  const { write } = stream;
  let taken = '';
  stream.write = (text: unknown) => {
    taken += String(text);
    return true;
  };
  return {
    text: () => taken,
    giveBack: () => {
      stream.write = write;
    },
  };
}
