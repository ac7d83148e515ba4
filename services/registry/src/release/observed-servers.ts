import type { ObservedServer, ReportServingRequest } from '@lethe/contracts';
import { LetheError, parseModelKey } from '@lethe/contracts';
import type { Clock } from '@lethe/service-kit';
import type { ServingBoard } from '../serving/serving-board.ts';

interface Report {
  readonly request: ReportServingRequest;
  readonly seen: Date;
}

/** A server reports every few seconds; after this long it is called silent. */
const silentAfterMs = 60_000;
const forgottenAfterMs = 24 * 60 * 60 * 1000;
const maxServers = 10_000;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$/;

/** What servers say they run, beside what they should run. In memory: servers report again. */
export class ObservedServers {
  readonly #board: ServingBoard;
  readonly #clock: Clock;
  readonly #reports = new Map<string, Report>();

  constructor(board: ServingBoard, clock: Clock) {
    this.#board = board;
    this.#clock = clock;
  }

  /** @throws LetheError `invalid` naming the field; `capacity` */
  report(request: ReportServingRequest): void {
    const modelKey = parseModelKey(request.modelKey);
    if (!namePattern.test(request.server)) {
      throw LetheError.invalid('server', request.server, 'is no name', 'Use the name of the pod.');
    }
    const now = this.#clock.now();
    this.#forget(now);
    const key = `${modelKey}/${request.server}`;
    if (!this.#reports.has(key) && this.#reports.size >= maxServers) {
      throw new LetheError('capacity', `more than ${maxServers} servers reported within a day`);
    }
    this.#reports.set(key, { request, seen: now });
  }

  /** @param modelKey empty: of every model */
  async list(modelKey: string): Promise<ObservedServer[]> {
    const now = this.#clock.now();
    this.#forget(now);
    const wanted = [...this.#reports.values()].filter(
      ({ request }) => modelKey === '' || request.modelKey === modelKey,
    );
    const keys = [...new Set(wanted.map(({ request }) => request.modelKey))];
    const pointers = new Map(
      await Promise.all(
        keys.map(async (key) => [key, (await this.#board.current(key)).pointer] as const),
      ),
    );
    return wanted.map(({ request, seen }) => {
      const desired = pointers.get(request.modelKey);
      const isCurrent = desired?.weightsDigest === request.weightsDigest;
      const isSilent = now.getTime() - seen.getTime() > silentAfterMs;
      return {
        modelKey: request.modelKey,
        server: request.server,
        weightsDigest: request.weightsDigest,
        generation: request.generation,
        desiredGeneration: desired?.generation ?? 0,
        seenTime: seen,
        state: isSilent ? 'silent' : isCurrent ? 'current' : 'behind',
      };
    });
  }

  #forget(now: Date): void {
    for (const [key, { seen }] of this.#reports) {
      if (now.getTime() - seen.getTime() > forgottenAfterMs) this.#reports.delete(key);
    }
  }
}
