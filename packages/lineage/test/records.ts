/** Small records for tests. */
import {
  Decision,
  DeletionRequested,
  type Digest,
  encodeRecord,
  ModelRegistration,
  type RequestPart,
  RoundManifest,
  sha256,
} from '@lethe/contracts';

export const modelKey = 'm';
export const originalWeights = sha256('original');

export const registration = ModelRegistration.fromPartial({
  modelKey,
  topologyDigest: sha256('topology'),
  weightsDigest: originalWeights,
  trainingManifestDigest: sha256('training manifest'),
  classCount: 10,
});

/** Request `id` over these rows. */
export function request(id: string, rows: readonly number[]): DeletionRequested {
  return DeletionRequested.fromPartial({
    requestId: id,
    emitter: 'shop',
    modelKey,
    requestDigest: sha256(`${id}:${rows.join()}`),
    scope: { $case: 'rows', value: { rows: [...rows] } },
  });
}

/** Rows of a request that one round serves; by default all of them. */
export function part(
  of: DeletionRequested,
  rows: readonly number[] = of.scope?.$case === 'rows' ? of.scope.value.rows : [],
  last = true,
): RequestPart {
  return { request: of, rows: [...rows], last };
}

export interface RoundGiven {
  readonly sequence: number;
  readonly parent?: number;
  readonly parts?: readonly RequestPart[];
  readonly ladderStep?: number;
  readonly parentWeights?: string;
}

export function weightsAfter(sequence: number): Digest {
  return sequence === 0 ? originalWeights : sha256(`weights ${sequence}`);
}

export function stateAfter(sequence: number): Digest {
  return sha256(`state ${sequence}`);
}

export function round(given: RoundGiven): RoundManifest {
  const { sequence, parent = 0, parts = [], ladderStep = 0 } = given;
  return RoundManifest.fromPartial({
    modelKey,
    sequence,
    entry: {
      $case: 'round',
      value: {
        parentSequence: parent,
        parentWeightsDigest: given.parentWeights ?? weightsAfter(parent),
        weightsDigest: weightsAfter(sequence),
        stateDigest: stateAfter(sequence),
        parts: [...parts],
        ladderStep,
      },
    },
  });
}

export function escalation(given: {
  sequence: number;
  parent?: number;
  parts: readonly RequestPart[];
  attempts?: readonly number[];
}): RoundManifest {
  const { sequence, parent = 0, parts, attempts = [] } = given;
  const value = { parentSequence: parent, parts: [...parts], attempts: [...attempts], reason: '' };
  return RoundManifest.fromPartial({
    modelKey,
    sequence,
    entry: { $case: 'escalation', value },
  });
}

export function digestOf(manifest: RoundManifest): Digest {
  return sha256(encodeRecord(RoundManifest, manifest));
}

export function decision(manifest: RoundManifest, promoted: boolean): Decision {
  const { sequence } = manifest;
  return Decision.fromPartial({
    modelKey,
    sequence,
    manifestDigest: digestOf(manifest),
    promoted,
    reason: promoted ? 'promoted' : 'verdict_failed',
  });
}
