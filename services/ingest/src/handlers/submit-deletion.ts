import type { DeletionRequest, Receipt } from '@lethe/contracts';
import { incoming } from '../domain/incoming-request.ts';
import type { Intake } from '../intake.ts';

export async function submitDeletion(
  intake: Intake,
  request: DeletionRequest,
  statedEmitter: string | undefined,
  ownEmitter: string | undefined,
): Promise<Receipt> {
  const { receipt } = await intake.submit(incoming(request), statedEmitter, ownEmitter);
  return { ...receipt, signedReceipt: intake.sign([receipt]) };
}
