import { useContext, useState } from 'preact/hooks';
import type { RequestView } from '../../wire/index.ts';
import { ApiError, getText } from '../api.ts';
import { SessionContext } from '../session-context.ts';
import { Verified } from '../verify/verified.tsx';
import { SaveButton } from './save-button.tsx';

/** The proof that a request was carried out: verified here, or taken along. */
export function Certificate({ request }: { readonly request: RequestView }) {
  const { onExpired } = useContext(SessionContext);
  const [bytes, setBytes] = useState<Uint8Array>();
  const [problem, setProblem] = useState('');
  const path = `/requests/${encodeURIComponent(request.requestId)}/certificate?emitter=${encodeURIComponent(request.emitter)}`;
  const verify = async () => {
    try {
      setBytes(new TextEncoder().encode(await getText(path)));
      setProblem('');
    } catch (thrown) {
      if (thrown instanceof ApiError && thrown.status === 401) onExpired();
      setProblem((thrown as Error).message);
    }
  };
  return (
    <>
      <p class="quiet note">
        A signed statement of what was forgotten, by which rounds, and what the gate found. It can
        be checked without Lethe, by anybody who has the published keys.
      </p>
      <div class="buttons start">
        <button type="button" class="primary" onClick={verify}>
          Verify it here
        </button>
        <SaveButton path={path} fileName={`certificate-${request.requestId}.json`}>
          Download
        </SaveButton>
      </div>
      {problem === '' ? null : (
        <p class="error" role="alert">
          {problem}
        </p>
      )}
      {bytes === undefined ? null : <Verified bytes={bytes} name="the certificate" />}
    </>
  );
}
