import { type CheckReleaseResponse, LetheError } from '@lethe/contracts';
import type { Review } from './read-review.ts';
import { type Answer, answerOf, type Finding } from './review-answer.ts';

/** `CheckRelease` of the registry. */
export type CheckRelease = (question: {
  readonly weightsDigest: string;
  readonly modelKey: string;
}) => Promise<CheckReleaseResponse>;

/**
 * Answers reviews. A thousand pods of one Deployment are one question: reviews that ask the same
 * while it is being asked share the answer. Nothing is remembered beyond that.
 */
export class ReleaseChecker {
  readonly #check: CheckRelease;
  readonly #asking = new Map<string, Promise<Finding>>();

  constructor(check: CheckRelease) {
    this.#check = check;
  }

  async answer({ subject }: Review): Promise<Answer> {
    switch (subject.kind) {
      case 'nothing-new':
        return { kind: 'allowed', served: [] };
      case 'unreadable':
        return { kind: 'refused', reason: subject.problem };
      case 'models': {
        const { digests, modelKey } = subject;
        const findings = digests.map(
          async (digest) => [digest, await this.#ask(digest, modelKey)] as const,
        );
        return answerOf(new Map(await Promise.all(findings)));
      }
      default:
        return subject satisfies never;
    }
  }

  #ask(weightsDigest: string, modelKey: string): Promise<Finding> {
    const question = `${weightsDigest} ${modelKey}`;
    const asked = this.#asking.get(question);
    if (asked !== undefined) return asked;
    const asking = this.#find(weightsDigest, modelKey).finally(() => {
      this.#asking.delete(question);
    });
    this.#asking.set(question, asking);
    return asking;
  }

  async #find(weightsDigest: string, modelKey: string): Promise<Finding> {
    try {
      return { kind: 'checked', response: await this.#check({ weightsDigest, modelKey }) };
    } catch (thrown) {
      return { kind: 'trouble', error: LetheError.from(thrown) };
    }
  }
}
