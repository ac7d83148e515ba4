import { LetheError, type WithdrawRequestResponse } from '@lethe/contracts';
import type { GlobalOptions } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { stateName } from '../output/names.ts';
import type { Output } from '../output/output.ts';

export interface WithdrawOptions {
  readonly reason: string;
  readonly emitter?: string;
  readonly timeout: number;
  readonly by: string;
}

const pollMs = 1_000;

/** Asks until the answer is final: a round in flight holds the log of its model for a while. */
export async function withdrawUntilDone(
  { reason, emitter = '', timeout }: WithdrawOptions & GlobalOptions,
  out: Output,
  requestId: string,
  ask: (request: {
    requestId: string;
    emitter: string;
    reason: string;
  }) => Promise<WithdrawRequestResponse>,
): Promise<number> {
  const endMs = Date.now() + timeout * 1_000;
  for (;;) {
    try {
      const { state, sequence } = await ask({ requestId, emitter, reason });
      out.result({ requestId, state: stateName(state), sequence });
      out.line(`${requestId} ${stateName(state)}, entry ${sequence} of its model's log`);
      return exitCodes.ok;
    } catch (thrown) {
      const isBusy = LetheError.from(thrown).message.includes('is being judged');
      if (!isBusy || Date.now() > endMs) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }
}
