/** What records take, from the sizes of real ones (docs/capacity.md says how they were taken). */
export interface StorageInput {
  readonly requests: number;
  readonly rounds: number;
  readonly models: number;
  /** Trainable weights of a network. */
  readonly weights: number;
  /** Days that superseded weights are kept, and rounds a day. */
  readonly keptDays: number;
  readonly roundsPerDay: number;
}

const bytes = {
  weight: 4,
  /** Of a weight of ResNet-20; what is carried of curvature depends on the layers. */
  state: 22,
  manifest: 1_000,
  manifestPerRequest: 620,
  verdict: 19_000,
  decision: 320,
  move: 420,
  certificate: 3_200,
  auditEntry: 600,
  indexPerRequest: 400,
  projectionPerRequest: 700,
  busPerRequest: 800,
} as const;

/** GiB by where it lies. */
export function storageOf(input: StorageInput): Readonly<Record<string, number>> {
  const { requests, rounds, models, weights, keptDays, roundsPerDay } = input;
  const version = weights * (bytes.weight + bytes.state);
  const perRound =
    bytes.manifest + bytes.verdict + bytes.decision + bytes.move + 3 * bytes.auditEntry;
  const gib = (value: number) => value / 2 ** 30;
  return {
    'weights and states kept': gib(
      version * (models * 2 + Math.min(rounds, roundsPerDay * keptDays)),
    ),
    'records of rounds, for ever': gib(rounds * perRound + requests * bytes.manifestPerRequest),
    'certificates and their entries': gib(requests * (bytes.certificate + bytes.auditEntry)),
    'request index of intake': gib(requests * bytes.indexPerRequest),
    'projection of the registry': gib(requests * bytes.projectionPerRequest),
    'message log, before retention': gib(requests * bytes.busPerRequest),
  };
}
