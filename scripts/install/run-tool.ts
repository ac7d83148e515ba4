import { spawn } from 'node:child_process';

export interface ToolResult {
  /** Exit status; -1 when the program could not be started. */
  readonly status: number;
  readonly stdout: string;
  /** stdout and stderr together, for people. */
  readonly output: string;
}

/** Runs a program to its end. With `show`, its output also goes to the terminal as it comes. */
export function runTool(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly show?: boolean;
    /** Hears each piece of output as it comes. */
    readonly onOutput?: (text: string) => void;
    readonly env?: NodeJS.ProcessEnv;
  } = {},
): Promise<ToolResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let output = '';
    const take = (chunk: Buffer) => {
      output += chunk;
      if (options.show) process.stderr.write(chunk);
      options.onOutput?.(chunk.toString());
    };
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk;
      take(chunk);
    });
    child.stderr.on('data', take);
    child.on('error', ({ message }) => resolve({ status: -1, stdout, output: message }));
    child.on('close', (status) => resolve({ status: status ?? -1, stdout, output }));
  });
}

/** npm as the one that runs us, without the settings that tie it to this checkout. */
export function runNpm(args: readonly string[], options: { cwd: string; show?: boolean }) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([key]) => !/^npm_(package|lifecycle|config_(local_prefix|prefix|workspaces?))/.test(key),
    ),
  );
  const npm = process.env['npm_execpath'];
  return npm === undefined
    ? runTool('npm', args, { ...options, env })
    : runTool(process.execPath, [npm, ...args], { ...options, env });
}
