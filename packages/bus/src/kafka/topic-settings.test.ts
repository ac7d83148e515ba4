import { describe, expect, it } from 'vitest';
import { compareTopic, planTopic } from './topic-settings.ts';

const spec = { name: 't', partitions: 8, retentionMs: 3_600_000 };
const defaults = { replicationFactor: 0, minInsyncReplicas: 0, maxRecordBytes: 1_000 };
const plan = planTopic(spec, defaults, 3);
const asPlanned = { partitions: 8, replicationFactor: 3, config: plan.config };

describe('planTopic', () => {
  it.each([
    [1, 1, '1'],
    [2, 2, '1'],
    [3, 3, '2'],
    [5, 3, '2'],
  ])(
    'on %i brokers makes %i replicas, of which %s must be in sync',
    (brokers, replicas, insync) => {
      const { replicationFactor, config } = planTopic(spec, defaults, brokers);
      expect(replicationFactor).toBe(replicas);
      expect(config['min.insync.replicas']).toBe(insync);
    },
  );

  it('does what it is told, and refuses what cannot be', () => {
    const told = planTopic(spec, { ...defaults, replicationFactor: 2, minInsyncReplicas: 2 }, 5);
    expect(told).toMatchObject({ replicationFactor: 2, config: { 'min.insync.replicas': '2' } });
    expect(() => planTopic(spec, { ...defaults, replicationFactor: 4 }, 3)).toThrow(/3 brokers/);
    expect(() => planTopic(spec, { ...defaults, minInsyncReplicas: 4 }, 3)).toThrow(/ever be/);
  });
});

describe('compareTopic', () => {
  it('knows what is missing, and what is as it should be', () => {
    expect(compareTopic(plan, undefined).kind).toBe('missing');
    expect(compareTopic(plan, asPlanned).kind).toBe('as-wanted');
  });

  it('takes more for enough: replicas, retention for ever, larger records', () => {
    const config = { ...plan.config, 'retention.ms': '-1', 'max.message.bytes': '99999999' };
    expect(compareTopic(plan, { ...asPlanned, replicationFactor: 5, config }).kind).toBe(
      'as-wanted',
    );
  });

  it.each([
    ['cleanup.policy', 'compact'],
    ['retention.ms', '1000'],
    ['min.insync.replicas', '1'],
    ['max.message.bytes', '1000'],
    ['unclean.leader.election.enable', 'true'],
  ])('tells of %s = %s, with the command that mends it', (setting, found) => {
    const config = { ...plan.config, [setting]: found };
    expect(compareTopic(plan, { ...asPlanned, config })).toMatchObject({
      kind: 'drifted',
      drift: [{ setting, found, remedy: expect.stringContaining(`--add-config ${setting}=`) }],
    });
  });

  it('tells of partitions and replicas that are not enough', () => {
    expect(compareTopic(plan, { ...asPlanned, partitions: 3, replicationFactor: 1 })).toMatchObject(
      {
        drift: [{ setting: 'partitions' }, { setting: 'replication factor' }],
      },
    );
  });
});
