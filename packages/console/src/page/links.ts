/** Addresses of the console's views. */
export const links = {
  model: (modelKey: string) => `/models/${encodeURIComponent(modelKey)}`,
  round: (modelKey: string, sequence: number) =>
    `/models/${encodeURIComponent(modelKey)}/rounds/${sequence}`,
  request: (requestId: string, emitter: string) =>
    `/requests/${encodeURIComponent(requestId)}?emitter=${encodeURIComponent(emitter)}`,
  requests: (filter: Readonly<Record<string, string>>) => {
    const kept = Object.entries(filter).filter(([, value]) => value !== '');
    return kept.length === 0 ? '/requests' : `/requests?${new URLSearchParams(kept)}`;
  },
};
