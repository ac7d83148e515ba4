/**
 * Loaded before a program (`--import`): tells whoever started it what it holds after collecting
 * garbage. The program itself is the one that is handed out.
 */
process.on('message', () => {
  // Twice: what waited to be finalised is gone after the second.
  for (let run = 0; run < 2; run++) globalThis.gc?.();
  process.send?.(process.memoryUsage());
});
// Listening must not keep the program from ending.
process.channel?.unref();
