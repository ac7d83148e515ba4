/** For each alert: series in which it fires, with what it then says, and some in which it must not. */

/** Series in promtool's notation, a value a minute: `0+1x60` counts up, `_` is a scrape that failed. */
export type Series = Readonly<Record<string, string>>;

export interface AlertCase {
  readonly alert: string;
  readonly fires: {
    readonly series: Series;
    /** The first minute in which it fires: in the one before it does not hold, or not for long enough. */
    readonly fromMinute: number;
    readonly labels: Readonly<Record<string, string>>;
    readonly says: string;
  };
  readonly silent: { readonly series: Series; readonly at: string };
}

const model = { model: 'm' };
const ready = (service: string, values: string) => ({
  [`lethe_ready{service="${service}"}`]: values,
});
const allReady = {
  ...ready('ingest', '1x60'),
  ...ready('unlearner', '1x60'),
  ...ready('evaluator', '1x60'),
  ...ready('registry', '1x60'),
};

export const alertCases: readonly AlertCase[] = [
  {
    alert: 'LetheDeadlineMissed',
    fires: {
      series: { 'lethe_requests_overdue{model="m",instance="a"}': '0x5 2x5' },
      fromMinute: 6,
      labels: model,
      says: '2 deletion requests of m are past their legal deadline',
    },
    silent: { series: { 'lethe_requests_overdue{model="m"}': '0x60' }, at: '30m' },
  },
  {
    alert: 'LetheDeadlineNear',
    fires: {
      series: { 'lethe_deadline_least_remaining{model="m"}': '86400x60' },
      fromMinute: 15,
      labels: model,
      says: 'A deletion request of m has 1d 0h 0m 0s to its legal deadline',
    },
    // Far, and one that comes near only for a moment.
    silent: {
      series: {
        'lethe_deadline_least_remaining{model="far"}': '864000x60',
        'lethe_deadline_least_remaining{model="short"}': '864000x5 86400x5 864000x60',
      },
      at: '30m',
    },
  },
  {
    alert: 'LetheDeadlineForecast',
    fires: {
      series: { 'lethe_deadline_forecast_late{model="m"}': '7x90' },
      fromMinute: 60,
      labels: model,
      says: 'At the present pace 7 deletion requests of m will miss their deadline',
    },
    silent: { series: { 'lethe_deadline_forecast_late{model="m"}': '7x50 0x40' }, at: '80m' },
  },
  {
    alert: 'LetheRequestsEscalated',
    fires: {
      series: { 'lethe_requests_escalated{model="m"}': '1x20' },
      fromMinute: 5,
      labels: model,
      says: '1 deletion requests of m wait for a retrained model',
    },
    silent: { series: { 'lethe_requests_escalated{model="m"}': '0x20' }, at: '10m' },
  },
  {
    alert: 'LetheDeadLetterRequest',
    fires: {
      series: { 'lethe_dead_letters_open{holds="request"}': '1x20' },
      fromMinute: 5,
      labels: {},
      says: '1 deletion requests are set aside; their legal clock runs',
    },
    silent: { series: { 'lethe_dead_letters_open{holds="other"}': '5x20' }, at: '10m' },
  },
  {
    alert: 'LetheDeadLetter',
    fires: {
      series: { 'lethe_dead_letters_open{holds="other"}': '5x60' },
      fromMinute: 30,
      labels: {},
      says: '5 records are set aside and wait for a decision',
    },
    silent: { series: { 'lethe_dead_letters_open{holds="other"}': '5x20 0x40' }, at: '40m' },
  },
  {
    alert: 'LetheQueueStands',
    fires: {
      series: {
        'lethe_backlog_requests{model="m"}': '3x300',
        'lethe_round_duration_count{model="m",method="lethe",outcome="committed"}': '5x300',
      },
      fromMinute: 150,
      labels: model,
      says: 'Requests of m wait, and no round was committed for two hours',
    },
    // One goes on, one has just begun to, one has nothing to do.
    silent: {
      series: {
        'lethe_backlog_requests{model="goes"}': '3x300',
        'lethe_round_duration_count{model="goes",method="lethe",outcome="committed"}': '0+1x300',
        'lethe_backlog_requests{model="new"}': '3x300',
        'lethe_round_duration_count{model="new",method="lethe",outcome="committed"}': '_x20 1x280',
        'lethe_backlog_requests{model="idle"}': '0x300',
      },
      at: '130m',
    },
  },
  {
    alert: 'LetheModelBlocked',
    fires: {
      series: { 'lethe_models_blocked_total{model="m",reason="unavailable"}': '0+1x60' },
      fromMinute: 19,
      labels: { ...model, reason: 'unavailable' },
      says: 'm waits for trouble to end: unavailable',
    },
    silent: {
      series: { 'lethe_models_blocked_total{model="m",reason="unavailable"}': '0+1x3 4x60' },
      at: '40m',
    },
  },
  {
    alert: 'LetheCandidatesRefused',
    fires: {
      series: {
        'lethe_verdicts_total{model="m",outcome="OUTCOME_FAIL"}': '0+0.1x400',
        'lethe_verdicts_total{model="m",outcome="OUTCOME_PASS"}': '0+0.02x400',
      },
      fromMinute: 20,
      labels: model,
      says: 'The gate refuses most new versions of m',
    },
    silent: {
      series: {
        'lethe_verdicts_total{model="m",outcome="OUTCOME_FAIL"}': '0+0.02x400',
        'lethe_verdicts_total{model="m",outcome="OUTCOME_PASS"}': '0+0.1x400',
      },
      at: '380m',
    },
  },
  {
    alert: 'LetheConsumerLag',
    fires: {
      series: {
        'lethe_consumer_lag{messaging_destination_name="model.candidate.v1",messaging_consumer_group_name="evaluator"}':
          '5000x60',
      },
      fromMinute: 30,
      labels: {
        messaging_destination_name: 'model.candidate.v1',
        messaging_consumer_group_name: 'evaluator',
      },
      says: 'Group evaluator is 5000 records behind on model.candidate.v1',
    },
    // What waits for rounds is the backlog, which has alerts of its own.
    silent: {
      series: {
        'lethe_consumer_lag{messaging_destination_name="deletion.requested.v1",messaging_consumer_group_name="unlearner"}':
          '50000x60',
      },
      at: '40m',
    },
  },
  {
    alert: 'LetheRecordsRetried',
    fires: {
      series: {
        'lethe_record_retries_total{messaging_destination_name="model.verdict.v1",stage="registry"}':
          '0+3x60',
      },
      fromMinute: 22,
      labels: { messaging_destination_name: 'model.verdict.v1', stage: 'registry' },
      says: 'registry retries records of model.verdict.v1 again and again',
    },
    silent: {
      series: {
        'lethe_record_retries_total{messaging_destination_name="model.verdict.v1",stage="registry"}':
          '0+1x60',
      },
      at: '40m',
    },
  },
  {
    alert: 'LetheServedAccuracyFell',
    fires: {
      series: { 'lethe_serving_retained_accuracy{model="m"}': '0.9x30 0.8x120' },
      fromMinute: 91,
      labels: model,
      says: 'What serves of m has lost 10% of held-out accuracy in 30 days',
    },
    silent: {
      series: { 'lethe_serving_retained_accuracy{model="m"}': '0.9x30 0.87x120' },
      at: '100m',
    },
  },
  {
    alert: 'LetheServingContended',
    fires: {
      series: { 'lethe_serving_conflicts_total{model="m"}': '0+2x60' },
      fromMinute: 21,
      labels: model,
      says: 'Moves of the serving pointer of m lose against others again and again',
    },
    silent: { series: { 'lethe_serving_conflicts_total{model="m"}': '0+1x5 6x60' }, at: '40m' },
  },
  {
    alert: 'LethePurgeOverdue',
    fires: {
      series: { 'lethe_purge_due{model="m"}': '2x200' },
      fromMinute: 120,
      labels: model,
      says: '2 versions of m still remember what they should not',
    },
    silent: { series: { 'lethe_purge_due{model="m"}': '2x30 0x200' }, at: '130m' },
  },
  {
    alert: 'LetheMaintenanceFails',
    fires: {
      series: { 'lethe_maintenance_failures_total{reason="unavailable"}': '0+5x90' },
      fromMinute: 18,
      labels: { reason: 'unavailable' },
      says: 'The upkeep of the registry fails: unavailable',
    },
    silent: {
      series: { 'lethe_maintenance_failures_total{reason="unavailable"}': '0+1x5 6x90' },
      at: '60m',
    },
  },
  {
    alert: 'LetheCallbacksFail',
    fires: {
      series: { 'lethe_callbacks_total{outcome="failed"}': '_x10 1x20' },
      fromMinute: 10,
      labels: {},
      says: '1 callbacks to emitters were given up',
    },
    silent: {
      series: {
        'lethe_callbacks_total{outcome="failed"}': '3x90',
        'lethe_callbacks_total{outcome="delivered"}': '0+1x90',
      },
      at: '80m',
    },
  },
  {
    alert: 'LetheNotReady',
    fires: {
      series: {
        'lethe_ready{service="unlearner",instance="a"}': '1x60',
        'lethe_ready{service="unlearner",instance="b"}': '0x60',
      },
      fromMinute: 10,
      labels: { service: 'unlearner' },
      says: 'unlearner is not ready',
    },
    silent: { series: { ...allReady, 'lethe_ready{service="x"}': '0x5 1x60' }, at: '15m' },
  },
  {
    alert: 'LetheAbsent',
    fires: {
      series: {
        ...ready('ingest', '1x60'),
        ...ready('unlearner', '1x60'),
        ...ready('evaluator', '1x60'),
      },
      fromMinute: 10,
      labels: { service: 'registry' },
      says: 'Nothing is heard of registry',
    },
    silent: { series: allReady, at: '20m' },
  },
  {
    alert: 'LetheIntakeErrors',
    fires: {
      series: {
        'http_server_request_duration_count{http_response_status_code="202"}': '0+90x60',
        'http_server_request_duration_count{http_response_status_code="503"}': '0+10x60',
      },
      fromMinute: 11,
      labels: {},
      says: 'Intake fails 10% of its callers',
    },
    // What callers did wrong themselves is no failure of intake.
    silent: {
      series: {
        'http_server_request_duration_count{http_response_status_code="202"}': '0+90x60',
        'http_server_request_duration_count{http_response_status_code="400"}': '0+50x60',
      },
      at: '30m',
    },
  },
  {
    alert: 'LetheStoreErrors',
    fires: {
      series: {
        'lethe_store_operation_duration_count{operation="put",outcome="ok"}': '0+75x60',
        'lethe_store_operation_duration_count{operation="put",outcome="unavailable"}': '0+25x60',
      },
      fromMinute: 16,
      labels: { operation: 'put' },
      says: '25% of the put operations on the object store fail',
    },
    silent: {
      series: {
        'lethe_store_operation_duration_count{operation="get",outcome="ok"}': '0+75x60',
        'lethe_store_operation_duration_count{operation="get",outcome="cancelled"}': '0+25x60',
      },
      at: '40m',
    },
  },
  {
    alert: 'LetheCallersRefused',
    fires: {
      series: { 'lethe_calls_refused_total{rpc_method="Rollback",reason="denied"}': '0+10x60' },
      fromMinute: 6,
      labels: { reason: 'denied' },
      says: '60 calls were refused in 15 minutes: denied',
    },
    silent: {
      series: { 'lethe_calls_refused_total{rpc_method="Rollback",reason="denied"}': '0+1x60' },
      at: '30m',
    },
  },
  {
    alert: 'LethePartitionFenced',
    fires: {
      series: {
        'lethe_partition_fenced_total{messaging_destination_name="deletion.requested.v1"}':
          '0+1x90',
      },
      fromMinute: 21,
      labels: { messaging_destination_name: 'deletion.requested.v1' },
      says: 'Partitions of deletion.requested.v1 change hands in the middle of work',
    },
    // A roll-out.
    silent: {
      series: {
        'lethe_partition_fenced_total{messaging_destination_name="deletion.requested.v1"}':
          '0+1x4 4x90',
      },
      at: '60m',
    },
  },
  {
    alert: 'LetheWorkerDies',
    fires: {
      series: { 'lethe_worker_deaths_total{stage="unlearner",reason="stalled"}': '0+0.1x90' },
      fromMinute: 20,
      labels: { stage: 'unlearner', reason: 'stalled' },
      says: 'Compute processes of the unlearner die: stalled',
    },
    silent: {
      series: { 'lethe_worker_deaths_total{stage="unlearner",reason="stalled"}': '0x30 1x60' },
      at: '70m',
    },
  },
  {
    alert: 'LetheGpuMemoryFull',
    fires: {
      series: {
        'lethe_gpu_memory_used{gpu="0",instance="a"}': '97x60',
        'lethe_gpu_memory_limit{gpu="0",instance="a"}': '100x60',
      },
      fromMinute: 30,
      labels: { gpu: '0', instance: 'a' },
      says: 'GPU 0 of a has 97% of its memory in use',
    },
    // None there: nothing to say.
    silent: { series: { 'lethe_worker_memory{stage="unlearner"}': '100x60' }, at: '40m' },
  },
  {
    alert: 'LetheReleaseGateCannotAsk',
    fires: {
      series: { 'lethe_admission_reviews_total{namespace="lethe",outcome="failed"}': '0+1x30' },
      fromMinute: 6,
      labels: { namespace: 'lethe' },
      says: 'Deployments are refused because the registry of Lethe does not answer.',
    },
    // A workload that may not be released is refused, too, and that is its business.
    silent: {
      series: { 'lethe_admission_reviews_total{namespace="lethe",outcome="denied"}': '0+1x30' },
      at: '20m',
    },
  },
];
