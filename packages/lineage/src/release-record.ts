import {
  type Digest,
  encodeRecord,
  LetheError,
  layersModelJson,
  ServingPointer,
  type StoredTopology,
  sha256,
  Verdict,
} from '@lethe/contracts';
import { ancestors } from './ancestry.ts';
import type { LineageStore } from './lineage-store.ts';

/** Files of a release bundle that follow from the record of the model. */
const releaseRecordFiles = [
  'model.json',
  'serving.json',
  'verdict.json',
  'policy.json',
  'lineage.jsonl',
  'verdicts.jsonl',
  'requests.jsonl',
] as const;

/** All files that a release bundle's signature lists. */
export const releaseFiles = ['weights.bin', ...releaseRecordFiles, 'checkpoint.json'] as const;

/** The next piece of one of the files. */
export interface ReleasePiece {
  readonly path: (typeof releaseRecordFiles)[number];
  readonly text: string;
}

/**
 * What a release bundle says beside the weights, made from the record alone: whoever writes a bundle
 * and whoever signs it make the same bytes. In pieces: a long lineage need not fit into memory.
 *
 * - `serving.json`, `verdict.json`: the records as they are stored, so that their SHA-256 is what the
 *   signed statement names; `null` for the verdict of the original.
 * - `policy.json`: the policy of that verdict, whose SHA-256 is its `policy_digest`; `null` where none
 *   was kept.
 * - `lineage.jsonl`: the rounds that made the version, newest first, each with its verdict's digest.
 * - `verdicts.jsonl`: their verdicts as they are stored, in the same order: the SHA-256 of a line, without
 *   its end, is the `verdict_digest` of the same line of `lineage.jsonl`.
 * - `requests.jsonl`: the requests that those rounds completed, one line each.
 *
 * @throws LetheError `not_found` for an unknown model, `corrupt` when the record is broken
 */
export async function* releaseRecord(
  lineage: LineageStore,
  pointer: ServingPointer,
): AsyncGenerator<ReleasePiece> {
  const { modelKey, sequence } = pointer;
  const registration = await lineage.registration(modelKey);
  if (registration === undefined) {
    throw new LetheError('not_found', `there is no model ${modelKey}; see the keys: lethe models`);
  }
  const topology = await lineage.blobs.get(pointer.topologyDigest as Digest);
  const { preprocessing } = registration.record;
  yield { path: 'model.json', text: layersModelJson(parsed(topology), preprocessing) };
  yield { path: 'serving.json', text: textOf(encodeRecord(ServingPointer, pointer)) };
  const verdict = await lineage.verdict(modelKey, sequence);
  const judged = verdict === undefined ? 'null' : textOf(encodeRecord(Verdict, verdict.record));
  yield { path: 'verdict.json', text: judged };
  const policy = verdict && (await lineage.policy(modelKey, verdict.record.policyDigest));
  yield { path: 'policy.json', text: policy ?? 'null' };
  // They are there, however few versions and requests there are.
  yield { path: 'lineage.jsonl', text: '' };
  yield { path: 'verdicts.jsonl', text: '' };
  yield { path: 'requests.jsonl', text: '' };
  for await (const { manifest, round } of ancestors(lineage, modelKey, sequence)) {
    const version = manifest.record.sequence;
    const [decision, verdict] = await Promise.all([
      lineage.decision(modelKey, version),
      lineage.verdict(modelKey, version),
    ]);
    const verdictDigest = decision?.record.verdictDigest;
    if (verdict === undefined || verdict.digest !== verdictDigest) {
      const found = verdict === undefined ? 'none is there' : `that one is ${verdict.digest}`;
      throw new LetheError(
        'corrupt',
        `version ${version} of ${modelKey} was promoted on verdict ${verdictDigest}, and ${found}. Restore the record from a backup`,
      );
    }
    const line = {
      sequence: version,
      manifest_digest: manifest.digest,
      parent_sequence: round.parentSequence,
      parent_weights_digest: round.parentWeightsDigest,
      weights_digest: round.weightsDigest,
      verdict_digest: verdictDigest,
      method: round.method,
      settings_digest: sha256(round.settingsJson),
      seed: round.seed,
      backend: round.backend,
      created_time: manifest.record.createdTime?.toISOString(),
    };
    yield { path: 'lineage.jsonl', text: `${JSON.stringify(line)}\n` };
    yield { path: 'verdicts.jsonl', text: `${textOf(encodeRecord(Verdict, verdict.record))}\n` };
    const requests = round.parts.flatMap(({ request, last }) => {
      if (!last || request === undefined) return [];
      const { emitter, requestId, requestDigest } = request;
      const named = { emitter, request_id: requestId, request_digest: requestDigest };
      return `${JSON.stringify({ ...named, sequence: version })}\n`;
    });
    yield { path: 'requests.jsonl', text: requests.join('') };
  }
}

function parsed(topology: Uint8Array): StoredTopology {
  try {
    return JSON.parse(textOf(topology)) as StoredTopology;
  } catch (cause) {
    throw new LetheError('corrupt', 'the topology of the model is not JSON', { cause });
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
