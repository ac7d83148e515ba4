import { assign, type Claim } from '../assign.ts';
import { kafkajs, type PartitionAssigner } from './kafkajs.ts';

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
const version = 1;

/** Partitions by topic. */
export type Assignment = Readonly<Record<string, readonly number[]>>;

/** What a member holds as it joins. */
export interface Holdings {
  readonly owned: Assignment;
  /** Of these, those with work that would be lost: records were read and are not committed. */
  readonly busy: Assignment;
  /** It was out of the group for a while: who else claims a partition has it now. */
  readonly isReturning: boolean;
}

export interface GroupMember extends Holdings {
  readonly memberId: string;
  readonly topics: readonly string[];
}

/**
 * Leaves partitions where they are: a round of minutes is not thrown away because somebody else
 * joined. What must move for even shares is taken from the idle ones first. Every member tells what
 * it holds when it joins, in the user data of the protocol.
 *
 * @param holdings what this member holds now
 */
export function stickyAssigner(holdings: () => Holdings): PartitionAssigner {
  return ({ cluster }) => ({
    name: 'lethe-sticky',
    version,
    protocol: ({ topics }) => ({
      name: 'lethe-sticky',
      metadata: MemberMetadata.encode({
        version,
        topics,
        userData: Buffer.from(JSON.stringify(holdings())),
      }),
    }),
    async assign({ members, topics }) {
      const partitions = Object.fromEntries(
        topics.map((topic) => [
          topic,
          cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId),
        ]),
      );
      const joined = members.map(({ memberId, memberMetadata }) => {
        const metadata = MemberMetadata.decode(memberMetadata);
        return {
          memberId,
          topics: metadata?.topics ?? [],
          ...parseHoldings(metadata?.userData),
        };
      });
      return [...assignSticky(joined, partitions)].map(([memberId, assignment]) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          version,
          assignment: assignment as Record<string, number[]>,
          userData: Buffer.alloc(0),
        }),
      }));
    },
  });
}

/**
 * Who reads what, by member; pure. Where two claim a partition, who was in the group all the time
 * keeps it, else the first by name.
 */
export function assignSticky(
  members: readonly GroupMember[],
  partitions: Assignment,
): ReadonlyMap<string, Assignment> {
  const ordered = members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const claimants = ordered.toSorted((a, b) => Number(a.isReturning) - Number(b.isReturning));
  const ownerOf = (topic: string, partition: number) =>
    claimants.find(({ owned }) => owned[topic]?.includes(partition))?.memberId ?? null;
  const isBusy = (topic: string, partition: number) =>
    ordered.some(({ busy }) => busy[topic]?.includes(partition));
  const places = Object.keys(partitions)
    .toSorted()
    .flatMap((topic) =>
      partitions[topic]!.toSorted((a, b) => a - b).map((partition) => ({ topic, partition })),
    )
    // The first ones move.
    .toSorted(
      (a, b) => Number(isBusy(a.topic, a.partition)) - Number(isBusy(b.topic, b.partition)),
    );
  const claims: Claim[] = places.map(({ topic, partition }, logId) => ({
    logId,
    topic,
    owner: ownerOf(topic, partition),
  }));
  const subscribers = ordered.map(({ memberId, topics }) => ({ id: memberId, topics }));
  const moved = assign(subscribers, claims);
  const result = new Map<string, Record<string, number[]>>(
    ordered.map(({ memberId }) => [memberId, {}]),
  );
  for (const [logId, { topic, partition }] of places.entries()) {
    const owner = moved.has(logId) ? moved.get(logId) : claims[logId]!.owner;
    const assignment = result.get(owner ?? '');
    if (assignment !== undefined) assignment[topic] = [...(assignment[topic] ?? []), partition];
  }
  return result;
}

function parseHoldings(userData: Uint8Array | undefined): Holdings {
  try {
    const told = JSON.parse(new TextDecoder().decode(userData)) as Partial<Holdings>;
    const { owned = {}, busy = {}, isReturning = false } = told;
    return { owned, busy, isReturning };
  } catch {
    return { owned: {}, busy: {}, isReturning: false };
  }
}
