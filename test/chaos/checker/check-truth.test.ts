import { describe, expect, test } from 'vitest';
import { checkTruth } from './check-truth.ts';
import { sha256 } from './lineage-record.ts';
import type { Observed, TopicRecord } from './observed.ts';

const original = sha256(Buffer.from('original'));
const rowsOf = { a: [1, 2], b: [3], c: [4] };
type Name = keyof typeof rowsOf;

interface Plan {
  readonly parts: readonly {
    readonly name: Name;
    readonly rows?: number[];
    readonly last?: boolean;
  }[];
  readonly fate: 'promoted' | 'refused' | 'escalated';
}

/**
 * A model whose log went well: `a` and `b` promoted in round 1, `c` refused in round 2 and given
 * up in 3. Tests then spoil one thing.
 */
const wellPlanned: readonly Plan[] = [
  { parts: [{ name: 'a' }, { name: 'b' }], fate: 'promoted' },
  { parts: [{ name: 'c' }], fate: 'refused' },
  { parts: [{ name: 'c' }], fate: 'escalated' },
];

class Story {
  readonly objects = new Map<string, Uint8Array>();
  readonly blobs = new Map<string, string>();
  readonly topics = new Map<string, TopicRecord[]>([
    ['deletion.requested.v1', []],
    ['deletion.requested.v1.dlq', []],
    ['model.candidate.v1', []],
    ['model.verdict.v1', []],
    ['model.decided.v1', []],
    ['deletion.status.v1', []],
  ]);
  accepted = (Object.keys(rowsOf) as Name[]).map((requestId) => ({
    emitter: 'shop',
    requestId: requestId as string,
    modelKey: 'm',
    rows: rowsOf[requestId],
  }));

  constructor(plan: readonly Plan[] = wellPlanned) {
    let head = { sequence: 0, weightsDigest: original };
    let generation = 1;
    this.put('registration.json', { weightsDigest: original });
    this.blobs.set(original, original);
    let serving: object = { generation, weightsDigest: original };
    for (const name of Object.keys(rowsOf)) {
      this.tell('deletion.requested.v1', text(1, name), text(2, 'shop'));
    }
    for (const [index, { parts, fate }] of plan.entries()) {
      const sequence = index + 1;
      const recordOf = (name: string) => `${name}/000000000${sequence}.json`;
      const weightsDigest = sha256(Buffer.from(`weights ${sequence}`));
      const entry = {
        parentSequence: head.sequence,
        parts: parts.map(({ name, rows = rowsOf[name], last = true }) => ({
          request: { emitter: 'shop', requestId: name },
          rows,
          last,
        })),
      };
      const round = { ...entry, parentWeightsDigest: head.weightsDigest, weightsDigest };
      const manifestDigest = this.put(recordOf('manifests'), {
        modelKey: 'm',
        sequence,
        ...(fate === 'escalated' ? { escalation: entry } : { round }),
      });
      if (fate === 'escalated') {
        this.end(parts, 6);
        continue;
      }
      const verdictDigest = this.put(recordOf('verdicts'), {
        manifestDigest,
        weightsDigest,
        servedSequence: head.sequence,
        outcome: fate === 'promoted' ? 'OUTCOME_PASS' : 'OUTCOME_FAIL',
      });
      const promoted = fate === 'promoted';
      const decision = { manifestDigest, verdictDigest, promoted };
      const decisionDigest = this.put(recordOf('decisions'), decision);
      this.tell('model.candidate.v1', text(1, 'm'), number(2, sequence), text(3, manifestDigest));
      this.tell('model.verdict.v1', text(1, 'm'), number(2, sequence), text(4, verdictDigest));
      this.tell('model.decided.v1', text(1, 'm'), number(2, sequence), text(4, decisionDigest));
      if (!promoted) continue;
      head = { sequence, weightsDigest };
      generation += 1;
      serving = { generation, sequence, weightsDigest, manifestDigest, verdictDigest };
      this.blobs.set(weightsDigest, weightsDigest);
      this.end(parts, 3);
    }
    this.put('serving.json', serving);
  }

  put(name: string, record: object): string {
    const bytes = Buffer.from(JSON.stringify(record));
    this.objects.set(`models/m/${name}`, bytes);
    return sha256(bytes);
  }

  change<T extends object>(name: string, change: (record: T) => object): void {
    const bytes = this.objects.get(`models/m/${name}`);
    this.put(name, change(JSON.parse(new TextDecoder().decode(bytes)) as T));
  }

  tell(topic: string, ...fields: Uint8Array[]): void {
    const records = this.topics.get(topic)!;
    const value = Buffer.concat(fields);
    records.push({ partition: 0, offset: BigInt(records.length), key: 'm', value });
  }

  end(parts: Plan['parts'], state: number): void {
    for (const { name, last = true } of parts) {
      if (last) this.tell('deletion.status.v1', text(1, name), text(2, 'shop'), number(4, state));
    }
  }

  check(): readonly string[] {
    return checkTruth(this satisfies Observed).violations;
  }
}

/** `a` and `b` promoted; `c`, which names the row of `a`, ends as the duplicate of `follows`. */
function withDuplicate(follows: string, finish: (story: Story) => void = () => {}): Story {
  const story = new Story([{ parts: [{ name: 'a' }, { name: 'b' }], fate: 'promoted' }]);
  story.accepted = story.accepted.map((request) =>
    request.requestId === 'c' ? { ...request, rows: [1] } : request,
  );
  const request = { emitter: 'shop', requestId: 'c' };
  const duplicates = { parentSequence: 1, requests: [{ request, followsRequestId: follows }] };
  story.put('manifests/0000000002.json', { modelKey: 'm', sequence: 2, duplicates });
  finish(story);
  return story;
}

function text(field: number, value: string): Uint8Array {
  return Buffer.concat([Buffer.from([(field << 3) | 2, value.length]), Buffer.from(value)]);
}

function number(field: number, value: number): Uint8Array {
  return Buffer.from([field << 3, value]);
}

describe('the checker', () => {
  test('finds nothing wrong with a log that went well, and counts it', () => {
    const report = checkTruth(new Story());
    expect(report.violations).toEqual([]);
    expect(report.figures).toEqual({
      accepted: 3,
      lost: 0,
      twice: 0,
      completed: 2,
      escalated: 1,
      rounds: 2,
      promotions: 1,
      refusals: 1,
      repeatedEvents: 0,
      repeatedRequests: 0,
    });
  });

  test('counts the same verdict once more as a repetition, not as a violation', () => {
    const story = new Story();
    const [first] = story.topics.get('model.verdict.v1')!;
    story.topics.get('model.verdict.v1')!.push({ ...first!, offset: 9n });
    const report = checkTruth(story);
    expect(report.violations).toEqual([]);
    expect(report.figures.repeatedEvents).toBe(1);
  });

  test('accepts a request that is split over rounds', () => {
    const story = new Story([
      { parts: [{ name: 'a', rows: [1], last: false }], fate: 'promoted' },
      { parts: [{ name: 'a', rows: [2] }, { name: 'b' }, { name: 'c' }], fate: 'promoted' },
    ]);
    expect(story.check()).toEqual([]);
  });

  test('follows a request that ends as the duplicate of another one', () => {
    expect(withDuplicate('a', (story) => story.end([{ name: 'c' }], 11)).check()).toEqual([]);
    expect(withDuplicate('nobody').check()).toContainEqual(
      expect.stringMatching(/shop\/c ended although 1 of its rows/),
    );
  });

  test('finds a request that was completed, and then ended as the duplicate of itself', () => {
    const story = withDuplicate('a', ({ accepted }) => accepted.pop());
    story.change<{ duplicates: object }>(
      'manifests/0000000002.json',
      ({ duplicates, ...rest }) => ({
        ...rest,
        duplicates: {
          ...duplicates,
          requests: [{ request: { emitter: 'shop', requestId: 'a' }, followsRequestId: 'a' }],
        },
      }),
    );
    expect(story.check()).toContainEqual('shop/a ended 2 times: promoted 1, duplicate 2');
    expect(story.check().join()).not.toMatch(/forks/);
  });

  test.each<[string, RegExp, (story: Story) => void]>([
    [
      'a candidate that was written twice',
      /model\.candidate\.v1: m 1 was written 2 times/,
      (story) => {
        const [first] = story.topics.get('model.candidate.v1')!;
        story.topics.get('model.candidate.v1')!.push({ ...first!, offset: 9n });
      },
    ],
    [
      'a request that is in no round',
      /d was accepted and is lost/,
      (story) => {
        story.accepted.push({ emitter: 'shop', requestId: 'd', modelKey: 'm', rows: [9] });
      },
    ],
    [
      'a request that was never accepted',
      /shop\/b was applied at 1 and never accepted/,
      (story) => {
        story.accepted = story.accepted.filter(({ requestId }) => requestId !== 'b');
      },
    ],
    [
      'a request applied to another model',
      /applied to another model/,
      (story) => {
        story.accepted[0] = { ...story.accepted[0]!, modelKey: 'other' };
      },
    ],
    [
      'rows that a request does not name',
      /1 rows applied that it does not name/,
      (story) => {
        story.accepted[0] = { ...story.accepted[0]!, rows: [1] };
      },
    ],
    [
      'an end before the last row',
      /shop\/a ended although 1 of its rows/,
      (story) => {
        story.accepted[0] = { ...story.accepted[0]!, rows: [1, 2, 7] };
      },
    ],
    [
      'a fork',
      /2 forks: it starts from 0/,
      (story) => {
        story.change<{ round: object }>('manifests/0000000002.json', ({ round, ...rest }) => ({
          ...rest,
          round: { ...round, parentSequence: 0 },
        }));
      },
    ],
    [
      'a manifest altered by hand',
      /1 was overwritten/,
      (story) => {
        story.change('manifests/0000000001.json', (record) => ({ ...record, note: 'mine' }));
      },
    ],
    [
      'a gap in the log',
      /0000000002\.json lies beyond a gap/,
      (story) => {
        story.objects.delete('models/m/manifests/0000000001.json');
      },
    ],
    [
      'a promotion without a verdict',
      /1 was promoted without a verdict/,
      (story) => {
        story.objects.delete('models/m/verdicts/0000000001.json');
      },
    ],
    [
      'a promotion on a failing verdict',
      /promoted on the verdict OUTCOME_FAIL/,
      (story) => {
        story.change('verdicts/0000000001.json', (record) => ({
          ...record,
          outcome: 'OUTCOME_FAIL',
        }));
      },
    ],
    [
      'a verdict on other weights',
      /other weights were judged/,
      (story) => {
        story.change('verdicts/0000000001.json', (record) => ({
          ...record,
          weightsDigest: original,
        }));
      },
    ],
    [
      'a verdict against another model than served',
      /was judged against 4, but 0 served/,
      (story) => {
        story.change('verdicts/0000000001.json', (record) => ({ ...record, servedSequence: 4 }));
      },
    ],
    [
      'a pointer that was left behind',
      /0 is served, but 1 was promoted last/,
      (story) => {
        story.put('serving.json', { generation: 1, weightsDigest: original });
      },
    ],
    [
      'a pointer that moved twice',
      /is generation 3 after 1 promotions/,
      (story) => {
        story.change('serving.json', (record) => ({ ...record, generation: 3 }));
      },
    ],
    [
      'damaged weights',
      /1 is served, and its weights are missing or damaged/,
      (story) => {
        for (const digest of story.blobs.keys()) story.blobs.set(digest, 'other');
      },
    ],
    [
      'two candidate events of one round',
      /model.candidate.v1: m 1 has 2 events/,
      (story) => {
        story.tell('model.candidate.v1', text(1, 'm'), number(2, 1), text(3, 'forged'));
      },
    ],
    [
      'a candidate event of no round',
      /model.candidate.v1: m 7 is not stored/,
      (story) => {
        story.tell('model.candidate.v1', text(1, 'm'), number(2, 7), text(3, 'forged'));
      },
    ],
    [
      'a round that was never announced',
      /m 2 has no event that names what is stored/,
      (story) => {
        story.topics.get('model.candidate.v1')!.pop();
      },
    ],
    [
      'a status that contradicts',
      /is completed, and its statuses say completed and escalated/,
      (story) => {
        story.tell('deletion.status.v1', text(1, 'a'), text(2, 'shop'), number(4, 6));
      },
    ],
    [
      'a status that never came',
      /shop\/c is escalated, and its statuses say open/,
      (story) => {
        story.topics.get('deletion.status.v1')!.pop();
      },
    ],
    [
      'a request that was never published',
      /shop\/a was accepted and never published/,
      (story) => {
        story.topics.get('deletion.requested.v1')!.shift();
      },
    ],
    [
      'what is no event',
      /deletion.status.v1 0\/3 is no event/,
      (story) => story.tell('deletion.status.v1', Buffer.from('no event at all')),
    ],
    [
      'a dead letter',
      /deletion.requested.v1.dlq holds 1 records/,
      (story) => {
        story.tell('deletion.requested.v1.dlq', text(1, 'a'));
      },
    ],
  ])('finds %s', (_, expected, spoil) => {
    const story = new Story();
    spoil(story);
    expect(story.check().join('\n')).toMatch(expected);
  });

  test('finds a request that was applied twice', () => {
    const story = new Story([...wellPlanned, { parts: [{ name: 'b' }], fate: 'promoted' }]);
    const report = checkTruth(story);
    expect(report.violations.join('\n')).toMatch(
      /shop\/b was applied twice: promoted 1, promoted 4/,
    );
    expect(report.figures.twice).toBe(1);
  });

  test('finds a request that was completed and given up', () => {
    const story = new Story([...wellPlanned, { parts: [{ name: 'a' }], fate: 'escalated' }]);
    expect(story.check().join('\n')).toMatch(/shop\/a ended 2 times/);
  });
});
