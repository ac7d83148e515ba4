import type { JobOptions } from '@lethe/compute';
import { sha256 } from '@lethe/contracts';
import type { JobRunner } from '@lethe/evaluator';
import type {
  EvaluateInput,
  EvaluateOutput,
  SamplesToJudge,
} from '../../../services/evaluator/src/jobs/evaluate-job.ts';

const heldOutCount = 100;
const classCount = 10;

/**
 * What a healthy model would say, made up; of one candidate in `refuseOneIn` it says that its
 * weights are not finite, so that the gate refuses it. Which one follows from the weights.
 */
export class StandInEvaluations implements JobRunner {
  readonly #refuseOneIn: number;

  constructor(refuseOneIn: number) {
    this.#refuseOneIn = refuseOneIn;
  }

  async run<Input, Output, Progress>(
    _moduleUrl: string | URL,
    input: Input,
    _options: JobOptions<Progress> = {},
  ): Promise<Output> {
    return this.#evaluate(input as EvaluateInput) as Output;
  }

  #evaluate({ sets, models }: EvaluateInput): EvaluateOutput {
    const candidate = sets.find(({ samples }) => samples.kind === 'training-rows')?.models[0] ?? '';
    const weights = models.find(({ name }) => name === candidate)?.weights ?? new Uint8Array(0);
    const draw = Number.parseInt(sha256(weights).slice(0, 8), 16);
    const refused = this.#refuseOneIn > 0 && draw % this.#refuseOneIn === 0;
    return {
      sets: sets.map(({ name, samples, models: seenBy }) => {
        const labels = labelsOf(samples);
        return {
          set: name,
          labels,
          predictions: Object.fromEntries(seenBy.map((model) => [model, labels])),
        };
      }),
      nonFinite: refused ? { [candidate]: 'the stand-in says so' } : {},
      unreadable: {},
    };
  }
}

function labelsOf(samples: SamplesToJudge): Int32Array {
  const count = samples.kind === 'training-rows' ? samples.rows.length : heldOutCount;
  return Int32Array.from({ length: count }, (_, index) => index % classCount);
}
