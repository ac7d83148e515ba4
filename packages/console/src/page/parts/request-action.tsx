import { useState } from 'preact/hooks';
import type { ExtendAsk, RequestView, WithdrawAsk } from '../../wire/index.ts';
import { postJson } from '../api.ts';
import { count } from '../format.ts';
import { ActionDialog } from './action-dialog.tsx';

export type RequestActionKind = 'cancel' | 'deny' | 'extend';

/** Takes a request back, refuses it, or gives it more time: asked for, then done. */
export function RequestAction(props: {
  readonly action: RequestActionKind;
  readonly request: RequestView;
  readonly onClose: () => void;
}) {
  const { action, request, onClose } = props;
  const today = new Date().toISOString().slice(0, 10);
  const [notice, setNotice] = useState(today);
  const words = {
    cancel: ['Cancel the request', 'Its emitter takes it back: it will not be carried out.'],
    deny: ['Deny the request', 'It must not be carried out, for a reason that the law allows.'],
    extend: ['Extend the deadline', 'Once, before it has passed, when the person was told why.'],
  } as const;
  const [title, what] = words[action];
  return (
    <ActionDialog
      title={title}
      confirm={title}
      isDangerous={action !== 'extend'}
      act={async ({ reason, actor }) => {
        const { requestId, emitter } = request;
        const ask: WithdrawAsk = { requestId, emitter, reason };
        const body: WithdrawAsk | ExtendAsk =
          action === 'extend' ? { ...ask, noticeTime: `${notice}T00:00:00Z` } : ask;
        await postJson(`/requests/${action}`, body, actor);
        return '';
      }}
      onClose={onClose}
    >
      <p class="quiet">
        {what} It names {count(request.sampleCount, 'sample')}.
      </p>
      {action === 'extend' ? (
        <label class="field">
          The person was told on
          <input
            type="date"
            required
            max={today}
            value={notice}
            onInput={(event) => setNotice(event.currentTarget.value)}
          />
        </label>
      ) : null}
    </ActionDialog>
  );
}
