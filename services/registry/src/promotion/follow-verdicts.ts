import type { Consumption, MessageBus } from '@lethe/bus';
import { ModelVerdict, topics } from '@lethe/contracts';
import { type Clock, consumeRecords, decodeEvent, done, type Log } from '@lethe/service-kit';
import type { Promoter } from './promoter.ts';

export interface VerdictDeps {
  readonly promoter: Promoter;
  /** A verdict on this model was acted on. */
  readonly onModel: (modelKey: string) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly onFatal: (error: Error) => void;
}

/** Acts on every verdict that is published. */
export function followVerdicts(bus: MessageBus, deps: VerdictDeps): Promise<Consumption> {
  const { promoter, onModel, clock, log, onFatal } = deps;
  return consumeRecords(bus, {
    group: 'registry',
    topics: [topics.modelVerdict],
    stage: 'registry',
    handle: async (record) => {
      const verdict = decodeEvent(ModelVerdict, record);
      const outcome = done(await promoter.settle(verdict));
      onModel(verdict.modelKey);
      return outcome;
    },
    ...{ clock, log, onFatal },
  });
}
