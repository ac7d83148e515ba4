import { openBackend } from '@lethe/compute';
import { beforeAll, expect, it } from 'vitest';
import { type BlobTask, firstOf, trainBlobTask } from '../testing/blob-task.ts';
import { type AuditTask, auditMember } from './audit-member.ts';

let blobs: BlobTask;
let task: AuditTask;
beforeAll(async () => {
  await openBackend({ prefer: 'js' });
  blobs = await trainBlobTask();
  const forget = firstOf(blobs.train, 8);
  task = {
    network: blobs.network,
    original: blobs.weights,
    served: blobs.weights,
    rounds: [forget],
    forget,
    retain: firstOf(blobs.train, 152, 8),
    heldOut: blobs.heldOut,
    test: blobs.test,
    epochs: 30,
    seed: 1,
    method: { name: 'lethe', settings: { stepLimit: 20, forgetSteps: 2, repairSteps: 2 } },
  };
});

it('trains a network with what was forgotten and one without, and unlearns from the first', async () => {
  const seen = new Set<string>();
  const member = await auditMember(task, { report: ({ what }) => seen.add(what) });
  expect([...seen]).toEqual([
    'retraining without the forgotten',
    'training a shadow on everything',
    'unlearning, round 1',
    'judging',
  ]);
  expect(member.served).toEqual(member.original);
  for (const trained of [member.shadow, member.retrained]) {
    expect(trained.test).toBeGreaterThan(0.7);
    expect(trained).not.toEqual(member.original);
  }
  expect(member.unlearnedConfidences).toHaveLength(8);
  expect(member.unlearnedConfidences).not.toEqual(member.shadowConfidences);
});

it('takes what is the same for every member from another one', async () => {
  const short = { ...task, rounds: [], epochs: 1 };
  const first = await auditMember(short);
  const known = { ...first, served: { forget: 0.1, retain: 0.2, test: 0.3 } };
  const second = await auditMember(short, {}, known);
  expect(second).toEqual({ ...first, served: known.served });
});

it('does not ask what the original knew: its shadows know as much where that knows nothing', async () => {
  const nothing = blobs.weights.map((weights) => new Float32Array(weights.length));
  const { original, shadow } = await auditMember({ ...task, original: nothing, rounds: [] });
  expect(original.test).toBe(0);
  expect(shadow.test).toBeGreaterThan(0.7);
});

it('ends while it judges, too', async () => {
  const controller = new AbortController();
  const report = ({ what }: { what: string }) => {
    if (what === 'judging') controller.abort();
  };
  const { signal } = controller;
  await expect(
    auditMember({ ...task, rounds: [], epochs: 1 }, { report, signal }),
  ).rejects.toMatchObject({ code: 'cancelled' });
});

it('ends when it is told to', async () => {
  const signal = AbortSignal.abort();
  await expect(auditMember(task, { signal })).rejects.toMatchObject({ code: 'cancelled' });
});
