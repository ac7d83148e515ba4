import { createContext } from 'preact';
import type { Session } from '../wire/index.ts';

export interface SessionState {
  readonly session: Session;
  /** The registry does not know any more who this is. */
  readonly onExpired: () => void;
}

export const nobody: Session = {
  kind: 'unknown',
  name: '',
  roles: [],
  may: [],
  isApprover: false,
  fourEyes: false,
  traceUrl: '',
  version: '',
  page: '',
};

export const SessionContext = createContext<SessionState>({ session: nobody, onExpired: () => {} });
