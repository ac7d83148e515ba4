import { LetheError } from '@lethe/contracts';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { connectRequests } from './running-lethe.ts';

interface ExtendOptions {
  readonly reason: string;
  readonly noticeTime: string;
  readonly emitter?: string;
  readonly by: string;
}

export const run: CommandFunction<ExtendOptions> = async (options, out, requestId = '') => {
  const noticeTime = new Date(options.noticeTime);
  if (Number.isNaN(noticeTime.getTime())) {
    const remedy = 'Write it as 2026-01-31T09:30:00Z.';
    throw LetheError.invalid('--notice-time', options.noticeTime, 'is not a time', remedy);
  }
  await using requests = connectRequests(options, options.by);
  const { reason, emitter = '' } = options;
  const { deadline } = await requests.extendDeadline({ requestId, emitter, reason, noticeTime });
  out.result({ requestId, deadline });
  out.line(`${requestId} is due on ${deadline?.toISOString() ?? '–'} now.`);
  return exitCodes.ok;
};
