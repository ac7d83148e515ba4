import { LetheError, type ServingPointer } from '@lethe/contracts';
import type { LineageStore } from '@lethe/lineage';
import type { ServingBoard } from '../serving/serving-board.ts';

/** Moves kept in memory; they never change. */
const cachedMoves = 20_000;

/** What served when. */
export class ServingHistory {
  readonly #lineage: LineageStore;
  readonly #board: ServingBoard;
  readonly #moves = new Map<string, ServingPointer>();

  constructor(lineage: LineageStore, board: ServingBoard) {
    this.#lineage = lineage;
    this.#board = board;
  }

  /**
   * What served at `time`: the last move that was not after it. Halves the history, so the cost
   * grows with the logarithm of its length.
   *
   * @throws LetheError `not_found` before the first version
   */
  async at(modelKey: string, time: Date): Promise<ServingPointer> {
    const { pointer } = await this.#board.current(modelKey);
    if (isBy(pointer, time)) return pointer;
    let [low, high] = [0, pointer.generation];
    let found: ServingPointer | undefined;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      const move = await this.#move(modelKey, middle);
      if (isBy(move, time)) [low, found] = [middle, move];
      else high = middle;
    }
    if (found !== undefined) return found;
    const { registeredTime } = await this.#board.registration(modelKey);
    throw new LetheError(
      'not_found',
      `nothing of ${modelKey} served at ${time.toISOString()}: it was registered at ${registeredTime?.toISOString()}`,
    );
  }

  /** Newest first. @param before generation; 0: from the newest on */
  async list(modelKey: string, before: number, limit: number): Promise<ServingPointer[]> {
    const { pointer } = await this.#board.current(modelKey);
    const moves: ServingPointer[] = [];
    let generation = before === 0 ? pointer.generation : Math.min(before - 1, pointer.generation);
    for (; generation >= 1 && moves.length < limit; generation--) {
      moves.push(
        generation === pointer.generation ? pointer : await this.#move(modelKey, generation),
      );
    }
    return moves;
  }

  async #move(modelKey: string, generation: number): Promise<ServingPointer> {
    const key = `${modelKey}/${generation}`;
    const cached = this.#moves.get(key);
    if (cached !== undefined) return cached;
    const found = await this.#lineage.move(modelKey, generation);
    if (found === undefined) {
      throw new LetheError('corrupt', `move ${generation} of ${modelKey} is not in its history`);
    }
    if (this.#moves.size >= cachedMoves) this.#moves.clear();
    this.#moves.set(key, found);
    return found;
  }
}

function isBy({ promotedTime }: ServingPointer, time: Date): boolean {
  return promotedTime !== undefined && promotedTime <= time;
}
