import { expect, it } from 'vitest';
import { GroupOffsets } from './group-offsets.ts';
import type { Admin } from './kafkajs.ts';

type Committed = Awaited<ReturnType<Admin['fetchOffsets']>>;

const told: Committed = [
  { topic: 't', partitions: [{ partition: 0, offset: '5', metadata: 'mark' }] },
];

/** kafkajs's admin, which gives `answers` for the offsets of a group, one after the other. */
function adminAnswering(answers: (Error | Committed)[]): Admin {
  return {
    async fetchOffsets() {
      const answer = answers.shift();
      if (answer === undefined || answer instanceof Error) throw answer;
      return answer;
    },
    fetchTopicOffsets: async () => [{ partition: 0, offset: '9', high: '9', low: '2' }],
  } as unknown as Admin;
}

function protocolError(type: string): Error {
  return Object.assign(new Error(type), { name: 'KafkaJSProtocolError', type });
}

it('asks again while the coordinator of a group is being found: at its first use', async () => {
  const answers = [
    protocolError('NOT_COORDINATOR_FOR_GROUP'),
    protocolError('GROUP_COORDINATOR_NOT_AVAILABLE'),
    told,
  ];
  const offsets = new GroupOffsets(adminAnswering(answers));
  expect(await offsets.bounds('g', 't', 1)).toEqual([
    { committed: 5n, mark: 'mark', low: 2n, high: 9n },
  ]);
});

it('takes an answer without the partition for no answer, not for a group that never committed', async () => {
  const offsets = new GroupOffsets(adminAnswering([[], [{ topic: 't', partitions: [] }], told]));
  expect(await offsets.bounds('g', 't', 1)).toMatchObject([{ committed: 5n }]);
});

it('gives up at once where no waiting helps', async () => {
  const offsets = new GroupOffsets(adminAnswering([protocolError('GROUP_AUTHORIZATION_FAILED')]));
  await expect(offsets.bounds('g', 't', 1)).rejects.toMatchObject({ code: 'precondition' });
});
