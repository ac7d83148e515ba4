import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Has a child die with this process, however this one ends: a guard, a shell that waits for the end
 * of a pipe, kills it when its owner is gone. It reads one line, which comes when the child has ended.
 *
 * @param options `leftover`: a folder that is removed then; `group`: its process group dies too
 */
export function endWithOwner(
  child: ChildProcess,
  options: { readonly leftover?: string; readonly group?: boolean } = {},
): void {
  // It could not be started.
  if (child.pid === undefined) return;
  const { leftover = '', group = false } = options;
  const script = 'read -r ended || { kill -s KILL -- "$1"; sleep 1; [ -z "$2" ] || rm -rf "$2"; }';
  const whom = String(group ? -child.pid : child.pid);
  const shell = spawn('sh', ['-c', script, 'guard', whom, leftover], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.unref();
  shell.stdin.on('error', () => {});
  (shell.stdin as unknown as { unref(): void }).unref();
  child.once('exit', () => shell.stdin.end('ended\n'));
}
