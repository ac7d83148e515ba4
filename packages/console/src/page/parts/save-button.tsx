import { useContext, useState } from 'preact/hooks';
import { ApiError, getText } from '../api.ts';
import { SessionContext } from '../session-context.ts';

/** Saves what the API gives under `path` as a file. */
export function SaveButton(props: {
  readonly path: string;
  readonly fileName: string;
  readonly children: string;
}) {
  const { onExpired } = useContext(SessionContext);
  const [problem, setProblem] = useState('');
  const save = async () => {
    try {
      const text = await getText(props.path);
      const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
      const link = document.createElement('a');
      link.href = url;
      link.download = props.fileName;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 1_000);
      setProblem('');
    } catch (thrown) {
      if (thrown instanceof ApiError && thrown.status === 401) onExpired();
      setProblem((thrown as Error).message);
    }
  };
  return (
    <>
      <button type="button" onClick={save}>
        {props.children}
      </button>
      {problem === '' ? null : (
        <span class="error" role="alert">
          {problem}
        </span>
      )}
    </>
  );
}
