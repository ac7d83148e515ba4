import type {
  CallbackServiceService,
  DeadLetterServiceService,
  EvaluatorServiceService,
  EvidenceServiceService,
  IngestServiceService,
  RegistryServiceService,
  ReleaseServiceService,
  RequestServiceService,
  UnlearnerServiceService,
} from '@lethe/contracts';
import type { Role } from './role.ts';

type RolesOf<Service> = Readonly<Record<keyof Service, readonly Role[]>>;

const readers = ['operator', 'approver', 'auditor'] as const;

/**
 * Who may call what, the whole of it: a method that is missing here does not compile. An emitter
 * only ever sees and sends what is its own, whatever it asks for.
 */
export const rpcRoles = {
  'lethe.v1.IngestService': {
    submitDeletion: ['emitter', 'operator'],
    submitDeletions: ['emitter', 'operator'],
  } satisfies RolesOf<typeof IngestServiceService>,
  'lethe.v1.RegistryService': {
    listModels: ['server', ...readers],
    getServing: ['server', ...readers],
    watchServing: ['server', ...readers],
    getRequest: ['emitter', ...readers],
    listRequests: ['emitter', ...readers],
  } satisfies RolesOf<typeof RegistryServiceService>,
  'lethe.v1.DeadLetterService': {
    listDeadLetters: readers,
    // Gives out bytes that may be personal.
    getDeadLetter: ['operator'],
    replayDeadLetter: ['operator'],
    dropDeadLetter: ['operator'],
  } satisfies RolesOf<typeof DeadLetterServiceService>,
  'lethe.v1.UnlearnerService': {
    listRounds: readers,
    watchRounds: readers,
  } satisfies RolesOf<typeof UnlearnerServiceService>,
  'lethe.v1.EvaluatorService': {
    // A dry run: it costs the time of an evaluation.
    evaluate: ['operator', 'approver'],
    watchEvaluate: ['operator', 'approver'],
    getVerdict: readers,
  } satisfies RolesOf<typeof EvaluatorServiceService>,
  'lethe.v1.EvidenceService': {
    getCertificate: ['emitter', ...readers],
    getKeySet: ['emitter', 'server', ...readers],
    getCheckpoint: readers,
    checkRelease: ['server', ...readers],
    signRelease: ['operator', 'approver'],
  } satisfies RolesOf<typeof EvidenceServiceService>,
  'lethe.v1.RequestService': {
    cancelRequest: ['emitter', 'operator'],
    denyRequest: ['approver'],
    extendDeadline: ['operator', 'approver'],
    getReport: readers,
  } satisfies RolesOf<typeof RequestServiceService>,
  'lethe.v1.CallbackService': {
    listCallbacks: ['emitter', ...readers],
    getCallback: ['emitter', ...readers],
    replayCallback: ['emitter', 'operator'],
  } satisfies RolesOf<typeof CallbackServiceService>,
  'lethe.v1.ReleaseService': {
    getServingAt: readers,
    listMoves: readers,
    listVersions: readers,
    // With an override: approvers only.
    rollback: ['operator', 'approver'],
    quarantine: ['operator', 'approver'],
    reportServing: ['server'],
    listServers: readers,
  } satisfies RolesOf<typeof ReleaseServiceService>,
};

/** Roles that may call a method; nobody may call what the table does not name. */
export function rolesThatMayCall(service: string, rpc: string): readonly Role[] {
  const methods = (rpcRoles as Readonly<Record<string, Readonly<Record<string, readonly Role[]>>>>)[
    service
  ];
  return methods !== undefined && Object.hasOwn(methods, rpc) ? (methods[rpc] ?? []) : [];
}
