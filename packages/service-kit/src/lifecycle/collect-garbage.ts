/**
 * Collects all garbage now, and gives the memory back. V8 grows the heap while a program starts and
 * has no reason to look again while it idles: a third of an idle service would be what its start has
 * left behind (docs/decisions/0117). Holds up the event loop for some 100 ms.
 */
export async function collectGarbage(): Promise<void> {
  try {
    const { Session } = await import('node:inspector/promises');
    const session = new Session();
    session.connect();
    await session.post('HeapProfiler.collectGarbage');
    session.disconnect();
  } catch {
    // A Node that was built without its inspector: the garbage stays until V8 wants the room.
  }
}
