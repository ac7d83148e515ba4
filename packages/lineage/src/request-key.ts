/** Names a request in the lineage: an id alone is unique only per emitter. */
export function requestKey(request: { emitter: string; requestId: string }): string {
  return `${request.emitter}/${request.requestId}`;
}
