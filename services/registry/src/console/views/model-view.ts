import type { ModelView, ProposalView } from '@lethe/console';
import { decodeRecord, RollbackProposal, type ServingPointer } from '@lethe/contracts';
import { type LineageStore, modelPrefix } from '@lethe/lineage';
import { proposalLifeMs } from '../../release/rollback-proposals.ts';
import type { ServingHistory } from '../../release/serving-history.ts';
import { modelCard, type OverviewContext } from './overview.ts';
import { servingView } from './serving-view.ts';
import { modeWord, timeText } from './words.ts';

const shownMoves = 50;

export async function modelView(
  context: OverviewContext & { readonly history: ServingHistory },
  modelKey: string,
): Promise<ModelView> {
  const { board, history, servers, lineage, clock } = context;
  const registration = await board.registration(modelKey);
  const { pointer } = await board.current(modelKey);
  return {
    ...(await modelCard(context, modelKey)),
    registeredTime: timeText(registration.registeredTime),
    classNames: registration.classNames,
    classCount: registration.classCount,
    mode: modeWord(registration.defaultMode),
    originalWeightsDigest: registration.weightsDigest,
    evaluationSets: registration.evaluationSets.map(({ name, role, size, digest }) => ({
      name,
      role,
      size,
      digest,
    })),
    servers: (await servers.list(modelKey)).map((each) => ({
      modelKey,
      server: each.server,
      generation: each.generation,
      seenTime: timeText(each.seenTime),
      state: each.state,
    })),
    proposals: await waitingProposals(lineage, pointer, clock.now()),
    moves: (await history.list(modelKey, 0, shownMoves)).map(servingView),
  };
}

/** Proposals that can still be approved: young enough, and made for what serves now. */
async function waitingProposals(
  { store }: LineageStore,
  { modelKey, generation }: ServingPointer,
  now: Date,
): Promise<ProposalView[]> {
  const proposals: ProposalView[] = [];
  const prefix = `${modelPrefix(modelKey)}proposals/`;
  for await (const { key } of store.list(prefix)) {
    const stored = await store.get(key);
    if (stored === undefined) continue;
    const proposal = decodeRecord(RollbackProposal, stored.bytes, key);
    const ageMs = now.getTime() - (proposal.time?.getTime() ?? 0);
    if (proposal.expectedGeneration !== generation || ageMs > proposalLifeMs) continue;
    proposals.push({
      id: key.slice(prefix.length).replace(/\.json$/, ''),
      sequence: proposal.sequence,
      reason: proposal.reason,
      override: proposal.override,
      actor: proposal.actor,
      time: timeText(proposal.time),
    });
  }
  return proposals.sort((a, b) => (a.time < b.time ? 1 : -1));
}
