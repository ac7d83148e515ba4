import type { CheckReleaseResponse, LetheError } from '@lethe/contracts';

/** What the API server is told; `refused` is final, `failed` may be tried again. */
export type Answer =
  | { readonly kind: 'allowed'; readonly served: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** What the registry said of one digest. */
export type Finding =
  | { readonly kind: 'checked'; readonly response: CheckReleaseResponse }
  | { readonly kind: 'trouble'; readonly error: LetheError };

/** Everything must be allowed; what is certainly wrong is told before what could not be asked. */
export function answerOf(findings: ReadonlyMap<string, Finding>): Answer {
  const wrong: string[] = [];
  const troubles: string[] = [];
  const served: string[] = [];
  for (const [digest, finding] of findings) {
    if (finding.kind === 'trouble') {
      // It answered that there is no such model, or that the question makes no sense.
      const isAnswer = finding.error.code === 'not_found' || finding.error.code === 'invalid';
      (isAnswer ? wrong : troubles).push(finding.error.message);
      continue;
    }
    const { allowed, problems, serving } = finding.response;
    if (allowed) served.push(`${serving?.modelKey ?? ''}@${serving?.sequence ?? 0}`);
    else {
      const reasons = problems.map(({ reason, explanation }) => `${reason}: ${explanation}`);
      wrong.push(`model ${digest.slice(0, 12)} must not be released: ${reasons.join('; ')}`);
    }
  }
  if (wrong.length > 0) return { kind: 'refused', reason: wrong.join('. ') };
  if (troubles.length === 0) return { kind: 'allowed', served };
  const reason = `whether the model may be released cannot be asked, so it may not: ${troubles[0]}. Try again when the registry of Lethe answers`;
  return { kind: 'failed', reason };
}

/** An AdmissionReview (admission.k8s.io/v1) with the answer. */
export function writeAnswer(uid: string, answer: Answer): string {
  const response =
    answer.kind === 'allowed'
      ? {
          allowed: true,
          // Into the audit log of the cluster: which versions were let in.
          ...(answer.served.length > 0 && {
            auditAnnotations: { models: answer.served.join(',') },
          }),
        }
      : {
          allowed: false,
          status:
            answer.kind === 'refused'
              ? { code: 403, reason: 'Forbidden', message: answer.reason }
              : { code: 503, reason: 'ServiceUnavailable', message: answer.reason },
        };
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid, ...response },
  });
}
