const minuteMs = 60_000;
const yearMs = 365.25 * 24 * 60 * minuteMs;

/** What one request may ask for. */
export const limits = {
  /** Sample ids and digests named by one request. */
  listedSamples: 100_000,
  /** Rows that one request may resolve to: its event must fit into a bus record of 1 MiB. */
  resolvedRows: 200_000,
  /** Requests in one batch; each model of a request over several counts. */
  batchRequests: 10_000,
  /** Models of one request. */
  models: 256,
  /** Characters of a subject handle or sample id. */
  nameCharacters: 512,
  /** Clocks of emitters may run ahead by this much. */
  clockSkewMs: 5 * minuteMs,
  oldestMs: 10 * yearMs,
  /** Bytes of a request body, over gRPC and HTTP. */
  bodyBytes: 8 * 1024 * 1024,
} as const;
