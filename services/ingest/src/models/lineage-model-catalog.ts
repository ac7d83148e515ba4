import type { Digest, ModelKey } from '@lethe/contracts';
import { openTrainingManifest, type TrainingManifest } from '@lethe/datasets';
import type { LineageStore } from '@lethe/lineage';
import type { IntakeModel } from '../domain/resolve-request.ts';
import type { ModelCatalog } from './model-catalog.ts';

/**
 * Registrations from the lineage, training manifests and evaluation indexes from their blobs. Both never change, so
 * each is read once; a model that is not there yet is looked for again every time.
 */
export class LineageModelCatalog implements ModelCatalog {
  readonly #lineage: LineageStore;
  readonly #models = new Map<ModelKey, Promise<IntakeModel | undefined>>();
  readonly #manifests = new Map<string, Promise<TrainingManifest>>();

  constructor(lineage: LineageStore) {
    this.#lineage = lineage;
  }

  async keys(): Promise<readonly ModelKey[]> {
    return await this.#lineage.models();
  }

  async find(modelKey: ModelKey): Promise<IntakeModel | undefined> {
    const cached = this.#models.get(modelKey);
    if (cached !== undefined) return await cached;
    const loading = this.#load(modelKey);
    this.#models.set(modelKey, loading);
    const forget = () => this.#models.delete(modelKey);
    const model = await loading.catch((error) => {
      forget();
      throw error;
    });
    if (model === undefined) forget();
    return model;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const opening of this.#manifests.values()) {
      const manifest = await opening.catch(() => undefined);
      manifest?.[Symbol.dispose]();
    }
    this.#manifests.clear();
    this.#models.clear();
  }

  async #load(modelKey: ModelKey): Promise<IntakeModel | undefined> {
    const registered = await this.#lineage.registration(modelKey);
    if (registered === undefined) return undefined;
    const registration = registered.record;
    const { trainingManifestDigest, evaluationIndexDigest } = registration;
    const manifest = await this.#manifest(trainingManifestDigest as Digest);
    const evaluation =
      evaluationIndexDigest === ''
        ? undefined
        : await this.#manifest(evaluationIndexDigest as Digest);
    return { registration, manifest, evaluation };
  }

  async #manifest(digest: Digest): Promise<TrainingManifest> {
    const cached = this.#manifests.get(digest);
    if (cached !== undefined) return await cached;
    const opening = this.#lineage.blobs.file(digest).then(openTrainingManifest);
    this.#manifests.set(digest, opening);
    return await opening.catch((error) => {
      this.#manifests.delete(digest);
      throw error;
    });
  }
}
