/** What a call of the console is made of. */
import type {
  CallbackServiceService,
  DeadLetterServiceService,
  EvidenceServiceService,
  ReleaseServiceService,
  RequestServiceService,
} from '@lethe/contracts';
import type { CallContext, Handlers, Rpc } from '@lethe/service-kit';
import type { DeliveryStore } from '../../callbacks/delivery-store.ts';
import type { RegistryContext } from '../../handlers/registry-context.ts';
import type { ObservedServers } from '../../release/observed-servers.ts';
import type { ServingHistory } from '../../release/serving-history.ts';
import type { Fields } from '../fields.ts';
import type { AuditTail } from '../views/audit-tail.ts';
import type { ModelHistory } from '../views/history-view.ts';
import type { OverviewContext } from '../views/overview.ts';

export interface ConsoleContext extends RegistryContext {
  readonly deadLetters: RegistryContext['deadLetters'] & OverviewContext['deadLetters'];
  readonly servers: ObservedServers;
  readonly history: ServingHistory;
  readonly modelHistory: ModelHistory;
  readonly auditTail: AuditTail;
  readonly release: Handlers<typeof ReleaseServiceService>;
  readonly request: Handlers<typeof RequestServiceService>;
  readonly evidence: Handlers<typeof EvidenceServiceService>;
  readonly letters: Handlers<typeof DeadLetterServiceService>;
  readonly callbacks: Handlers<typeof CallbackServiceService>;
  readonly deliveries: DeliveryStore;
  /** Somebody is to be called about requests. */
  readonly hasCallbacks: boolean;
}

export interface ConsoleCall {
  /** What the `:names` of the route stand for. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Fields;
  readonly call: CallContext;
}

export type Answer =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'file'; readonly name: string; readonly text: string };

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Below `/api`, for example `/models/:model`. */
  readonly path: string;
  readonly rpc: Rpc;
  readonly answer: (context: ConsoleContext, call: ConsoleCall) => Promise<Answer>;
}

export function json(value: unknown): Answer {
  return { kind: 'json', value };
}

export function get(path: string, rpc: string, answer: Route['answer']): Route {
  return { method: 'GET', path, rpc: rpcOf(rpc), answer };
}

export function post(path: string, rpc: string, answer: Route['answer']): Route {
  return { method: 'POST', path, rpc: rpcOf(rpc), answer };
}

/** `ReleaseService.rollback` as the table of roles names it. */
function rpcOf(text: string): Rpc {
  const [service = '', name = ''] = text.split('.');
  return { service: `lethe.v1.${service}`, name };
}
