import {
  type Digest,
  decodeRecord,
  encodeRecord,
  LetheError,
  RollbackProposal,
  type RollbackRequest,
  sha256,
} from '@lethe/contracts';
import { type LineageStore, proposalKey } from '@lethe/lineage';
import type { Clock } from '@lethe/service-kit';
import { putOnce } from '@lethe/store';
import type { Recorder } from '../evidence/recorder.ts';

/** A proposal that nobody approves within this time is void. */
export const proposalLifeMs = 24 * 60 * 60 * 1000;

interface ProposalDeps {
  readonly lineage: LineageStore;
  readonly recorder: Recorder;
  readonly clock: Clock;
}

/** Rollbacks that one person asked for and another has to approve. */
export class RollbackProposals {
  readonly #deps: ProposalDeps;

  constructor(deps: ProposalDeps) {
    this.#deps = deps;
  }

  /** @returns its id, which a second person approves by */
  async make(wanted: RollbackProposal, actor: string): Promise<Digest> {
    const bytes = encodeRecord(RollbackProposal, wanted);
    const id: Digest = sha256(bytes);
    await putOnce(this.#deps.lineage.store, proposalKey(wanted.modelKey, id), bytes);
    await this.#deps.recorder.note([
      {
        id: `proposal/${id}`,
        kind: 'approval',
        time: this.#deps.clock.now(),
        actor,
        modelKey: wanted.modelKey,
        details: { asked_for: 'rollback', sequence: wanted.sequence, proposal: id },
      },
    ]);
    return id;
  }

  /** The proposal that `actor` approves. @throws LetheError naming why it cannot be approved */
  async approved(request: RollbackRequest, actor: string): Promise<RollbackProposal> {
    const key = proposalKey(request.modelKey, request.approves);
    const stored = /^[0-9a-f]{64}$/.test(request.approves)
      ? await this.#deps.lineage.store.get(key)
      : undefined;
    if (stored === undefined) {
      throw new LetheError('not_found', `there is no proposal ${request.approves} to approve`);
    }
    const proposal = decodeRecord(RollbackProposal, stored.bytes, key);
    if (proposal.actor === actor) {
      throw new LetheError(
        'precondition',
        `${actor} made the proposal: somebody else has to approve`,
      );
    }
    if (proposal.sequence !== request.sequence) {
      const { sequence, override } = proposal;
      const what = override ? `version ${sequence} again by override` : `version ${sequence} again`;
      throw new LetheError(
        'precondition',
        `the proposal of ${proposal.actor} is to serve ${what}, not version ${request.sequence}. Approve what is meant: lethe rollback ${request.modelKey} ${sequence} --approves ${request.approves}`,
      );
    }
    const ageMs = this.#deps.clock.now().getTime() - (proposal.time?.getTime() ?? 0);
    if (ageMs > proposalLifeMs) {
      throw new LetheError('precondition', 'the proposal is older than a day. Make a new one');
    }
    return proposal;
  }
}
