/** Of what each member of an ensemble trains by. */
export function memberSeed(seed: number, member: number): number {
  return seed + 100 * (member + 1);
}
