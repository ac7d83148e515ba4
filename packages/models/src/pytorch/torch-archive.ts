/** What a file of torch.save holds: the object, and the bytes of the storages its tensors view. */
export interface TorchArchive {
  readonly value: unknown;
  readonly storageBytes: ReadonlyMap<string, Uint8Array>;
}
