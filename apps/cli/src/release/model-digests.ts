import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, isDigest, LetheError, sha256 } from '@lethe/contracts';

/** What a model is, by its bytes. */
export interface ModelDigests {
  readonly weightsDigest: string;
  /** Empty where only the weights are known. */
  readonly topologyDigest: string;
}

interface LayersModelJson {
  readonly modelTopology?: unknown;
  readonly weightsManifest?: readonly { paths?: string[]; weights?: unknown[] }[];
}

/**
 * @param model a SHA-256 of weights, `sha256:` before it or not, or a tfjs LayersModel folder as
 *   Lethe exports it
 * @throws LetheError `invalid` naming `--model`
 */
export function modelDigests(model: string): ModelDigests {
  const digest = model.replace(/^sha256:/, '');
  if (isDigest(digest)) return { weightsDigest: digest, topologyDigest: '' };
  try {
    if (!statSync(model).isDirectory()) throw new Error('it is no folder');
    const json = JSON.parse(readFileSync(join(model, 'model.json'), 'utf8')) as LayersModelJson;
    const groups = json.weightsManifest ?? [];
    const weights = createHash('sha256');
    for (const path of groups.flatMap(({ paths }) => paths ?? [])) {
      weights.update(readFileSync(join(model, path)));
    }
    const weightSpecs = groups.flatMap((group) => group.weights ?? []);
    return {
      weightsDigest: weights.digest('hex'),
      topologyDigest: sha256(canonicalJson({ modelTopology: json.modelTopology, weightSpecs })),
    };
  } catch (cause) {
    throw LetheError.invalid(
      '--model',
      model,
      `is neither a digest nor a model that can be read (${(cause as Error).message})`,
      'Give a folder with model.json, or the SHA-256 of the weights.',
    );
  }
}
