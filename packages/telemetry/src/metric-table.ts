/**
 * Every metric of Lethe, once: what docs, dashboards and alert rules may name. Names follow
 * OpenTelemetry's conventions; where they are scraped, dots become `_` and counters end in `_total`
 * (`lethe.round.duration` → `lethe_round_duration`, in seconds).
 */

export interface MetricDefinition {
  readonly kind: 'counter' | 'histogram' | 'gauge';
  /** UCUM: `s`, `By`, `1`, or `{thing}` for counts. */
  readonly unit: string;
  readonly help: string;
  readonly attributes: readonly string[];
  /**
   * Of gauges: what several readings with the same labels become, for example those of all models
   * beyond the limit. Default: their sum.
   */
  readonly together?: 'sum' | 'least' | 'most';
  /** Upper bounds of a histogram's buckets, in its unit. */
  readonly buckets?: readonly number[];
}

/** A call: from a millisecond to half a minute. */
const callBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30];
/** Work that may take an hour: rounds, evaluations. */
const workBuckets = [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600];

export const metricTable = {
  'http.server.request.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'Requests over HTTP.',
    attributes: ['http.request.method', 'http.route', 'http.response.status_code'],
    buckets: callBuckets,
  },
  'rpc.server.call.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'Calls over gRPC.',
    attributes: ['rpc.method', 'outcome'],
    buckets: callBuckets,
  },
  'lethe.calls.refused': {
    kind: 'counter',
    unit: '{call}',
    help: 'Calls whose caller is not known (unauthenticated), or may not (denied).',
    attributes: ['rpc.method', 'reason'],
  },
  'messaging.process.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'Handling of one record of the bus, up to its settlement.',
    attributes: [
      'messaging.system',
      'messaging.operation.name',
      'messaging.destination.name',
      'messaging.consumer.group.name',
      'outcome',
    ],
    buckets: workBuckets,
  },
  'messaging.client.operation.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'Writes to the bus: publishing, and transactions of records and offset.',
    attributes: ['messaging.system', 'messaging.operation.name', 'outcome'],
    buckets: callBuckets,
  },
  'lethe.store.operation.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'Operations on the object store.',
    attributes: ['operation', 'outcome'],
    buckets: callBuckets,
  },
  'lethe.intake.requests': {
    kind: 'counter',
    unit: '{request}',
    help: 'Deletion requests that intake answered, by what it answered.',
    attributes: ['outcome'],
  },
  'lethe.round.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'Rounds of unlearning, from the plan to the commit.',
    attributes: ['model', 'method', 'outcome'],
    buckets: workBuckets,
  },
  'lethe.round.samples': {
    kind: 'counter',
    unit: '{sample}',
    help: 'Samples in committed rounds.',
    attributes: ['model'],
  },
  'lethe.round.overtaken': {
    kind: 'counter',
    unit: '{round}',
    help: 'Rounds whose position another owner had taken: computed in vain.',
    attributes: ['model'],
  },
  'lethe.ladder.failed_steps': {
    kind: 'counter',
    unit: '{step}',
    help: 'Steps of the ladder that left nothing to judge.',
    attributes: ['model'],
  },
  'lethe.escalations': {
    kind: 'counter',
    unit: '{request}',
    help: 'Requests that no setting could satisfy: the model must be retrained.',
    attributes: ['model'],
  },
  'lethe.models.blocked': {
    kind: 'counter',
    unit: '{event}',
    help: 'Times that a model began to wait for trouble to end.',
    attributes: ['model', 'reason'],
  },
  'lethe.dead_letters': {
    kind: 'counter',
    unit: '{record}',
    help: 'Records set aside.',
    attributes: ['messaging.destination.name', 'stage'],
  },
  'lethe.record.retries': {
    kind: 'counter',
    unit: '{attempt}',
    help: 'Attempts at a record that are to be repeated.',
    attributes: ['messaging.destination.name', 'stage'],
  },
  'lethe.partition.handovers': {
    kind: 'counter',
    unit: '{event}',
    help: 'Hand-overs and transactions of partitions that failed and were tried again.',
    attributes: ['messaging.destination.name', 'reason'],
  },
  'lethe.verdicts': {
    kind: 'counter',
    unit: '{verdict}',
    help: 'Verdicts of the gate.',
    attributes: ['model', 'outcome'],
  },
  'lethe.verdict.reasons': {
    kind: 'counter',
    unit: '{reason}',
    help: 'Checks that did not pass, by their reason.',
    attributes: ['check', 'reason'],
  },
  'lethe.evaluation.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'Evaluations of candidates.',
    attributes: ['model', 'outcome'],
    buckets: workBuckets,
  },
  'lethe.decisions': {
    kind: 'counter',
    unit: '{decision}',
    help: 'Decisions of the registry, by their reason.',
    attributes: ['model', 'reason'],
  },
  'lethe.serving.conflicts': {
    kind: 'counter',
    unit: '{conflict}',
    help: 'Moves of a serving pointer that lost against another one.',
    attributes: ['model'],
  },
  'lethe.request.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'From the intake of a request to its end.',
    attributes: ['state'],
    buckets: [1, 10, 60, 300, 1800, 3600, 14_400, 86_400, 604_800, 2_592_000, 5_184_000],
  },
  'lethe.callbacks': {
    kind: 'counter',
    unit: '{callback}',
    help: 'Callbacks that ended: delivered, failed (given up), or too_old to be sent at all.',
    attributes: ['outcome'],
  },
  'lethe.callback.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'Attempts at a callback: delivered, or why not.',
    attributes: ['outcome'],
    buckets: callBuckets,
  },
  'lethe.callbacks.pending': {
    kind: 'gauge',
    unit: '{callback}',
    help: 'Callbacks that wait to be sent, or sent again.',
    attributes: ['emitter'],
  },
  'lethe.deadlines.near': {
    kind: 'counter',
    unit: '{request}',
    help: 'Open requests of which 50, 75 or 90 % of the legal time were over, each once per share.',
    attributes: ['percent'],
  },
  'lethe.admission.reviews': {
    kind: 'counter',
    unit: '{review}',
    help: 'Workloads that Kubernetes asked about, by what it was told.',
    attributes: ['outcome'],
  },
  'lethe.backlog.requests': {
    kind: 'gauge',
    unit: '{request}',
    help: 'Requests that wait for a round.',
    attributes: ['model'],
  },
  'lethe.requests.open': {
    kind: 'gauge',
    unit: '{request}',
    help: 'Accepted requests that have not ended, as the registry knows them.',
    attributes: ['model'],
  },
  'lethe.requests.oldest_age': {
    kind: 'gauge',
    unit: 's',
    help: 'Age of the oldest request that has not ended, since it was submitted.',
    attributes: ['model'],
    together: 'most',
  },
  'lethe.requests.overdue': {
    kind: 'gauge',
    unit: '{request}',
    help: 'Requests past their legal deadline that have not ended.',
    attributes: ['model'],
  },
  'lethe.requests.escalated': {
    kind: 'gauge',
    unit: '{request}',
    help: 'Requests that wait for a retrained model.',
    attributes: ['model'],
  },
  'lethe.deadline.least_remaining': {
    kind: 'gauge',
    unit: 's',
    help: 'Time to the nearest legal deadline of a request that has not ended; negative when past.',
    attributes: ['model'],
    together: 'least',
  },
  'lethe.deadline.forecast_late': {
    kind: 'gauge',
    unit: '{request}',
    help: 'Requests that will end after their legal deadline if the queue goes on at its present pace.',
    attributes: ['model'],
  },
  'lethe.serving.retained_accuracy': {
    kind: 'gauge',
    unit: '1',
    help: 'Held-out accuracy of the served version, as its verdict says; none for an original.',
    attributes: ['model'],
    together: 'least',
  },
  'lethe.serving.forget_accuracy': {
    kind: 'gauge',
    unit: '1',
    help: 'Accuracy of the served version on what its last round had to forget, as its verdict says.',
    attributes: ['model'],
    together: 'most',
  },
  'lethe.purge.due': {
    kind: 'gauge',
    unit: '{version}',
    help: 'Versions whose weights should be gone and are not.',
    attributes: ['model'],
  },
  'lethe.maintenance.failures': {
    kind: 'counter',
    unit: '{failure}',
    help: 'Failed turns of the upkeep: purges, expiries, checkpoints of the audit log.',
    attributes: ['reason'],
  },
  'lethe.dead_letters.open': {
    kind: 'gauge',
    unit: '{record}',
    help: 'Dead letters that wait for a decision: deletion requests, whose clock runs, and others.',
    attributes: ['holds'],
  },
  'lethe.duplicates.dropped': {
    kind: 'counter',
    unit: '{event}',
    help: 'What came again and changed nothing: requests, records, candidates, verdicts.',
    attributes: ['stage'],
  },
  'lethe.store.conflicts': {
    kind: 'counter',
    unit: '{write}',
    help: 'Conditional writes that lost: somebody had written there first.',
    attributes: ['record'],
  },
  'lethe.partition.fenced': {
    kind: 'counter',
    unit: '{event}',
    help: 'Commits refused because another owner had taken the partition over.',
    attributes: ['messaging.destination.name'],
  },
  'lethe.consumer.lag': {
    kind: 'gauge',
    unit: '{record}',
    help: 'Records written and not yet committed by the group; of a group, not of a process.',
    attributes: ['messaging.destination.name', 'messaging.consumer.group.name'],
    together: 'most',
  },
  'lethe.ready': {
    kind: 'gauge',
    unit: '1',
    help: '1 when the service is ready, else 0.',
    attributes: ['service'],
    together: 'least',
  },
  'process.memory.usage': {
    kind: 'gauge',
    unit: 'By',
    help: 'Resident memory of the service, without its compute processes.',
    attributes: [],
  },
  'lethe.worker.memory': {
    kind: 'gauge',
    unit: 'By',
    help: 'Resident memory of compute processes, tensors included; Linux only.',
    attributes: ['stage'],
  },
  'lethe.worker.cpu': {
    kind: 'gauge',
    unit: '{cpu}',
    help: 'Cores that compute processes keep busy; Linux only.',
    attributes: ['stage'],
  },
  'lethe.worker.deaths': {
    kind: 'counter',
    unit: '{process}',
    help: 'Compute processes that died or were stopped, by why: died, stalled, silent, memory.',
    attributes: ['stage', 'reason'],
  },
  'lethe.gpu.utilization': {
    kind: 'gauge',
    unit: '1',
    help: 'Share of time in which the GPU worked; absent without one.',
    attributes: ['gpu'],
    together: 'most',
  },
  'lethe.gpu.memory.used': {
    kind: 'gauge',
    unit: 'By',
    help: 'Memory of the GPU in use; absent without one.',
    attributes: ['gpu'],
    together: 'most',
  },
  'lethe.gpu.memory.limit': {
    kind: 'gauge',
    unit: 'By',
    help: 'Memory of the GPU; absent without one.',
    attributes: ['gpu'],
    together: 'most',
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof metricTable;
type NameOfKind<Kind extends MetricDefinition['kind']> = {
  [Name in MetricName]: (typeof metricTable)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];
export type CounterName = NameOfKind<'counter'>;
export type HistogramName = NameOfKind<'histogram'>;
export type GaugeName = NameOfKind<'gauge'>;

/** A value for each attribute of a metric. */
export type AttributesOf<Name extends MetricName> = {
  readonly [Key in (typeof metricTable)[Name]['attributes'][number]]: string | number;
};
