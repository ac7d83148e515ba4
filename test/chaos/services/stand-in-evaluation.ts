import type { JobOptions, JobRunner } from '@lethe/compute';
import { LetheError, sha256 } from '@lethe/contracts';
import type {
  EvaluateInput,
  EvaluateOutput,
} from '../../../services/evaluator/src/jobs/evaluate-job.ts';
import type { SamplesToJudge } from '../../../services/evaluator/src/jobs/open-samples.ts';

const heldOutCount = 100;
const classCount = 10;

/**
 * What a healthy model would say, made up; of one candidate in `refuseOneIn` it says that its
 * weights are not finite, so that the gate refuses it. Which one follows from the weights.
 */
export class StandInEvaluations implements JobRunner {
  readonly #refuseOneIn: number;
  #failuresLeft: number;

  /** @param failures so many of the first fail by themselves, as a process does that dies */
  constructor(refuseOneIn: number, failures = 0) {
    this.#refuseOneIn = refuseOneIn;
    this.#failuresLeft = failures;
  }

  async run<Input, Output, Progress>(
    _moduleUrl: string | URL,
    input: Input,
    _options: JobOptions<Progress> = {},
  ): Promise<Output> {
    if (this.#failuresLeft-- > 0) throw new LetheError('internal', 'the stand-in fails at first');
    return this.#evaluate(input as EvaluateInput) as Output;
  }

  #evaluate({ sets, weights, roles }: EvaluateInput): EvaluateOutput {
    const candidate = weights[roles.candidate] ?? new Uint8Array(0);
    const draw = Number.parseInt(sha256(candidate).slice(0, 8), 16);
    const refused = this.#refuseOneIn > 0 && draw % this.#refuseOneIn === 0;
    return {
      sets: sets.map(({ name, samples, models: seenBy }) => {
        const labels = labelsOf(samples);
        return {
          set: name,
          labels,
          rows: Uint32Array.from(labels.keys()),
          removed: 0,
          sharedWithStop: 0,
          logits: Object.fromEntries(seenBy.map((model) => [model, logitsOf(labels)])),
          copies: undefined,
          values: undefined,
        };
      }),
      weights: {
        nonFinite: refused ? { [roles.candidate]: 'the stand-in says so' } : {},
        unreadable: {},
        distanceFromServed: 0.01,
        distanceFromOriginal: 0.01,
        changedShare: 1,
      },
    };
  }
}

/** Every sample is given its label. */
function logitsOf(labels: Int32Array): Float32Array {
  const logits = new Float32Array(labels.length * classCount);
  for (const [row, label] of labels.entries()) logits[row * classCount + label] = 5;
  return logits;
}

function labelsOf(samples: SamplesToJudge): Int32Array {
  const count = samples.kind === 'training-rows' ? samples.rows.length : heldOutCount;
  return Int32Array.from({ length: count }, (_, index) => index % classCount);
}
