import { useContext, useState } from 'preact/hooks';
import type {
  HistoryEntry,
  ModelView,
  ProposalView,
  RollbackAnswer,
  RollbackAsk,
} from '../../wire/index.ts';
import { postJson } from '../api.ts';
import { count } from '../format.ts';
import { SessionContext } from '../session-context.ts';
import { ActionDialog, type ActionInput } from './action-dialog.tsx';

/** Serves an earlier version again, proposes to, or approves what somebody else proposed. */
export function RollbackDialog(props: {
  readonly model: ModelView;
  readonly entries: readonly HistoryEntry[];
  readonly approves: ProposalView | undefined;
  readonly onClose: () => void;
}) {
  const { session } = useContext(SessionContext);
  const { model, approves } = props;
  const targets = targetsOf(props.entries, model.serving.sequence);
  const [sequence, setSequence] = useState(approves?.sequence ?? targets[0] ?? 0);
  const [override, setOverride] = useState(false);
  const act = async ({ reason, actor }: ActionInput): Promise<string> => {
    const ask: RollbackAsk = {
      sequence,
      reason,
      override: approves?.override ?? override,
      approves: approves?.id ?? '',
      expectedGeneration: model.serving.generation,
    };
    const path = `/models/${encodeURIComponent(model.modelKey)}/rollback`;
    const { moved, reopenedCount } = await postJson<RollbackAnswer>(path, ask, actor);
    if (!moved) return 'Proposed. Somebody else has to approve it, here or by the command line.';
    return reopenedCount === 0
      ? `Version ${sequence} serves again.`
      : `Version ${sequence} serves again; ${count(reopenedCount, 'request')} open again.`;
  };
  const isProposal = session.fourEyes && approves === undefined;
  return (
    <ActionDialog
      title={approves === undefined ? `Roll back ${model.modelKey}` : 'Approve the rollback'}
      confirm={isProposal ? 'Propose' : approves === undefined ? 'Roll back' : 'Approve'}
      isDangerous
      act={act}
      onClose={props.onClose}
    >
      {approves === undefined ? (
        <>
          <p class="quiet">
            The serving pointer moves back at once
            {isProposal ? ' when a second person has approved' : ''}. It is refused when the target
            still remembers what completed requests asked to forget.
          </p>
          <label class="field">
            Version to serve
            <select
              value={String(sequence)}
              onChange={(event) => setSequence(Number(event.currentTarget.value))}
            >
              {targets.map((each) => (
                <option key={each} value={String(each)}>
                  {each === 0 ? '0, the original' : each}
                </option>
              ))}
            </select>
          </label>
          {session.isApprover ? (
            <label class="check">
              <input
                type="checkbox"
                checked={override}
                onChange={(event) => setOverride(event.currentTarget.checked)}
              />
              Override: serve it although completed requests are then open again
            </label>
          ) : null}
        </>
      ) : (
        <p>
          <b>{approves.actor}</b> proposed to serve version {approves.sequence} again: “
          {approves.reason}”{approves.override ? ' This is an override.' : ''}
        </p>
      )}
    </ActionDialog>
  );
}

/** Versions that may serve again, newest first. */
function targetsOf(entries: readonly HistoryEntry[], serving: number): number[] {
  const rounds = entries.flatMap((entry) =>
    entry.kind === 'round' &&
    entry.wasPromoted &&
    entry.sequence !== serving &&
    entry.state !== 'purged' &&
    entry.state !== 'quarantined'
      ? [entry.sequence]
      : [],
  );
  return serving === 0 ? rounds : [...rounds, 0];
}
