import { sha256 } from '@lethe/contracts';

/**
 * Seed of one attempt, an unsigned 32-bit integer: the same attempt computed again after a
 * crash, here or by another owner, draws the same numbers.
 */
export function attemptSeed(modelKey: string, sequence: number, configSeed: number): number {
  return Number.parseInt(sha256(`${configSeed}\n${modelKey}\n${sequence}`).slice(0, 8), 16);
}
