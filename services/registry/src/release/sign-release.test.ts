import { AuditLog } from '@lethe/audit-log';
import { Decision, LetheError, ServingPointer, sha256 } from '@lethe/contracts';
import { type ReleasePredicate, signStatement, verifyEvidence } from '@lethe/evidence';
import { releaseRecord } from '@lethe/lineage';
import { ManualClock } from '@lethe/service-kit/testing';
import { describe, expect, it } from 'vitest';
import { ServingBoard } from '../serving/serving-board.ts';
import {
  type CandidateOptions,
  commitCandidate,
  openRegistryHome,
  type RegistryHome,
} from '../testing/registry-home.ts';
import { signRelease } from './sign-release.ts';

const now = new Date('2026-02-01T00:00:00Z');
const policyDigest = sha256('policy');
const idOf = (at: number) => `3f0b7c1e-8f43-4a2e-9f0e-0a4b6a1f2d${at}`;

/** Two versions, of which the second serves: they completed three requests, one of them in both. */
async function openRelease(home: RegistryHome) {
  const { lineage, keys } = home;
  const clock = new ManualClock(now);
  const [whole, split, other] = [idOf(11), idOf(12), idOf(13)];
  const promote = async (candidate: CandidateOptions) => {
    const { sequence, verdictDigest } = await commitCandidate(home, candidate);
    const decision = { modelKey: 'm1', sequence, verdictDigest, promoted: true };
    await lineage.putDecision(Decision.fromPartial(decision));
  };
  await promote({
    sequence: 1,
    parts: [
      { requestId: whole, rows: [1] },
      { requestId: split, rows: [2], of: [2, 3], more: true },
    ],
  });
  await promote({
    ...{ sequence: 2, parent: 1, policyDigest },
    parts: [
      { requestId: split, rows: [3], of: [2, 3] },
      { requestId: other, rows: [4] },
    ],
  });
  const topologyDigest = await lineage.blobs.put(
    Buffer.from('{"modelTopology":{},"weightSpecs":[]}'),
  );
  const weightsDigest = sha256('weights 2');
  const place = { modelKey: 'm1', generation: 1, sequence: 2 };
  const pointer = ServingPointer.fromPartial({ ...place, topologyDigest, weightsDigest });
  await lineage.moveServing(pointer, undefined);
  const auditLog = new AuditLog({
    store: lineage.store,
    sign: (make) => signStatement(make(now), keys.signer(now)),
  });
  const event = { id: 'e1', kind: 'promotion' as const, time: now, actor: 'registry' };
  await auditLog.append([{ ...event, modelKey: 'm1', details: {} }]);
  const checkpoint = (await auditLog.checkpoint())?.envelope ?? '';
  const texts = new Map<string, string>([
    ['weights.bin', 'weights 2'],
    ['checkpoint.json', checkpoint],
  ]);
  for await (const { path, text } of releaseRecord(lineage, pointer)) {
    texts.set(path, (texts.get(path) ?? '') + text);
  }
  const deps = { lineage, board: new ServingBoard(lineage, clock), keys, auditLog, clock };
  const sign = (
    coveredRequestCount: number,
    changed: Readonly<Record<string, string>> = {},
    more: { moreBytes?: bigint; without?: string; weightsDigest?: string } = {},
  ) => {
    const { moreBytes = 0n, without, ...other } = more;
    const files = Object.entries({ ...Object.fromEntries(texts), ...changed });
    return signRelease(deps, {
      ...{ modelKey: 'm1', weightsDigest, coveredRequestCount, ...other },
      files: files
        .filter(([path]) => path !== without)
        .map(([path, text]) => {
          const sizeBytes = BigInt(Buffer.byteLength(text)) + moreBytes;
          return { path, sizeBytes, sha256: sha256(text) };
        }),
    });
  };
  return { lineage, texts, sign, auditLog, event };
}

describe('a release', () => {
  it('is signed with what the record of the model says it covers', async () => {
    await using home = await openRegistryHome();
    const { texts, sign, auditLog, event } = await openRelease(home);
    // What is written after the checkpoint of the bundle does not spoil it.
    await auditLog.append([{ ...event, id: 'e2', modelKey: 'm1', details: {} }]);
    const { envelope } = await sign(3);
    const found = verifyEvidence(Buffer.from(envelope), home.keys.keys(), now);
    expect(found.kind === 'valid' && (found.statement.predicate as ReleasePredicate)).toMatchObject(
      {
        covered_request_count: 3,
        model: {
          ...{ sequence: 2, weights_digest: sha256('weights 2'), policy_digest: policyDigest },
        },
        audit_log: { size: 2 },
        files: expect.arrayContaining(
          [...texts].map(([path, text]) => ({
            ...{ path, sha256: sha256(text), size_bytes: Buffer.byteLength(text) },
          })),
        ),
      },
    );
    const requests = (texts.get('requests.jsonl') ?? '').trim().split('\n');
    expect(requests.map((line) => JSON.parse(line).request_id)).toEqual([
      ...[idOf(12), idOf(13), idOf(11)],
    ]);
    const lines = (texts.get('lineage.jsonl') ?? '').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).sequence)).toEqual([2, 1]);
    const verdicts = (texts.get('verdicts.jsonl') ?? '').trim().split('\n');
    expect(verdicts.map(sha256)).toEqual(lines.map((line) => JSON.parse(line).verdict_digest));
    expect(verdicts[0]).toBe(texts.get('verdict.json'));
  });

  it('is not signed with another count than that, or another file', async () => {
    await using home = await openRegistryHome();
    const { texts, sign } = await openRelease(home);
    const refusal = async (signing: Promise<unknown>) => {
      const error = await signing.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(LetheError);
      return `${(error as LetheError).code}: ${(error as LetheError).message}`;
    };
    expect(await refusal(sign(4))).toMatch(/^invalid: covered_request_count = "?4"?.* covers: 3/);
    for (const [path, text] of texts) {
      expect(await refusal(sign(3, { [path]: `X${text.slice(1)}` })), path).toMatch(
        new RegExp(`^invalid: files: ${path} .*is not what the record of the model makes`),
      );
    }
    const [first = ''] = (texts.get('requests.jsonl') ?? '').split('\n');
    const short = (texts.get('requests.jsonl') ?? '').slice(first.length + 1);
    expect(await refusal(sign(2, { 'requests.jsonl': short }))).toMatch(/requests\.jsonl/);
    expect(await refusal(sign(3, { 'notes.txt': 'audited' }))).toMatch(/notes\.txt.*is too much/);
    expect(await refusal(sign(3, {}, { moreBytes: 1n }))).toMatch(
      /files: .* = "\d+ bytes": is not/,
    );
    const without = 'verdicts.jsonl';
    expect(await refusal(sign(3, {}, { without }))).toMatch(/files = "verdicts.jsonl": is missing/);
    expect(await refusal(sign(3, {}, { weightsDigest: sha256('weights 1') }))).toMatch(
      /^precondition: m1 serves version 2 by now.*Make the bundle anew/,
    );
  });

  it('is not signed where a verdict of the record is another than the one that was decided on', async () => {
    await using home = await openRegistryHome();
    const { lineage, sign } = await openRelease(home);
    const verdict = (await lineage.verdict('m1', 1))!.record;
    await lineage.store.deleteAllVersions('models/m1/verdicts/0000000001.json');
    await expect(sign(3)).rejects.toThrow(
      /version 1 of m1 was promoted on verdict .* none is there/,
    );
    const { digest } = await lineage.putVerdict({ ...verdict, policyDigest: sha256('lenient') });
    await expect(sign(3)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining(`that one is ${digest}`),
    });
  });
});
