/** A member of a group and the topics it reads. */
export interface Subscriber {
  readonly id: string;
  readonly topics: readonly string[];
}

/** A partition to be owned, and who owns it now. */
export interface Claim {
  readonly logId: number;
  readonly topic: string;
  readonly owner: string | null;
}

/**
 * Who is to own what: every partition whose topic somebody reads gets one owner, shares differ by
 * at most one where the subscriptions are equal, and no more partitions move than that takes.
 *
 * @returns the new owner by log id, for the claims whose owner changes only
 */
export function assign(
  subscribers: readonly Subscriber[],
  claims: readonly Claim[],
): ReadonlyMap<number, string | null> {
  const members = subscribers.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const load = new Map(members.map((member) => [member.id, 0]));
  const reads = (id: string, topic: string) =>
    members.some((member) => member.id === id && member.topics.includes(topic));
  const add = (id: string, change: number) => load.set(id, (load.get(id) ?? 0) + change);
  const leastLoaded = (topic: string) =>
    members
      .filter((member) => member.topics.includes(topic))
      .reduce<string | null>(
        (best, { id }) =>
          best === null || (load.get(id) ?? 0) < (load.get(best) ?? 0) ? id : best,
        null,
      );

  const owners = new Map<number, string | null>();
  for (const { logId, topic, owner } of claims) {
    const kept = owner !== null && reads(owner, topic) ? owner : null;
    owners.set(logId, kept);
    if (kept !== null) add(kept, 1);
  }
  for (const { logId, topic } of claims) {
    if (owners.get(logId) !== null) continue;
    const owner = leastLoaded(topic);
    owners.set(logId, owner);
    if (owner !== null) add(owner, 1);
  }
  for (const { logId, topic } of claims) {
    const from = owners.get(logId) ?? null;
    const to = leastLoaded(topic);
    if (from === null || to === null || (load.get(from) ?? 0) - (load.get(to) ?? 0) < 2) continue;
    owners.set(logId, to);
    add(from, -1);
    add(to, 1);
  }
  return new Map(
    claims
      .map(({ logId, owner }) => [logId, owners.get(logId) ?? null, owner] as const)
      .filter(([, next, before]) => next !== before)
      .map(([logId, next]) => [logId, next]),
  );
}
