/** What the dashboard shows: rows of panels, each a question that an operator asks. */

export interface Panel {
  readonly title: string;
  readonly kind: 'number' | 'lines';
  /** Grafana's name of a unit: `s`, `percentunit`, `bytes`, `short`, `reqps`. */
  readonly unit: string;
  /** Query and what its lines are called. */
  readonly queries: readonly (readonly [expr: string, legend: string])[];
  /** From these values on it is shown in yellow, then in red; descending: below them. */
  readonly alarm?: readonly [yellow: number, red: number];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const day = 86_400;
const model = 'model=~"$model"';

/** 50th and 95th percentile of a histogram. */
function quantiles(metric: string, by: string, matchers = ''): Panel['queries'] {
  const legend = by === '' ? '' : `{{${by}}} `;
  const labels = by === '' ? 'le' : `le, ${by}`;
  return [0.5, 0.95].map((quantile) => [
    `histogram_quantile(${quantile}, sum by (${labels}) (rate(${metric}_bucket${matchers}[$__rate_interval])))`,
    `${legend}p${quantile * 100}`,
  ]);
}

export const rows: readonly Row[] = [
  {
    title: 'The law',
    panels: [
      {
        title: 'Least time to a deadline',
        kind: 'number',
        unit: 's',
        queries: [[`min(lethe_deadline_least_remaining{${model}})`, '']],
        alarm: [7 * day, 3 * day],
      },
      {
        title: 'Will be late at this pace',
        kind: 'number',
        unit: 'short',
        queries: [[`sum(max by (model) (lethe_deadline_forecast_late{${model}}))`, '']],
        alarm: [1, 10],
      },
      {
        title: 'Past their deadline',
        kind: 'number',
        unit: 'short',
        queries: [[`sum(max by (model) (lethe_requests_overdue{${model}}))`, '']],
        alarm: [1, 1],
      },
      {
        title: 'Wait for a retrained model',
        kind: 'number',
        unit: 'short',
        queries: [[`sum(max by (model) (lethe_requests_escalated{${model}}))`, '']],
        alarm: [1, 1],
      },
      {
        title: 'Set aside',
        kind: 'number',
        unit: 'short',
        queries: [['max by (holds) (lethe_dead_letters_open)', '{{holds}}']],
        alarm: [1, 10],
      },
      {
        title: 'Open requests',
        kind: 'lines',
        unit: 'short',
        queries: [[`max by (model) (lethe_requests_open{${model}})`, '{{model}}']],
      },
      {
        title: 'Oldest open request',
        kind: 'lines',
        unit: 's',
        queries: [[`max by (model) (lethe_requests_oldest_age{${model}})`, '{{model}}']],
      },
      {
        title: 'From intake to its end',
        kind: 'lines',
        unit: 's',
        queries: quantiles('lethe_request_duration', 'state'),
      },
    ],
  },
  {
    title: 'Requests on their way',
    panels: [
      {
        title: 'Intake, by answer',
        kind: 'lines',
        unit: 'reqps',
        queries: [
          ['sum by (outcome) (rate(lethe_intake_requests_total[$__rate_interval]))', '{{outcome}}'],
        ],
      },
      {
        title: 'HTTP, by status',
        kind: 'lines',
        unit: 'reqps',
        queries: [
          [
            'sum by (http_response_status_code) (rate(http_server_request_duration_count[$__rate_interval]))',
            '{{http_response_status_code}}',
          ],
        ],
      },
      {
        title: 'HTTP, how long',
        kind: 'lines',
        unit: 's',
        queries: quantiles('http_server_request_duration', ''),
      },
      {
        title: 'gRPC, by outcome',
        kind: 'lines',
        unit: 'reqps',
        queries: [
          [
            'sum by (outcome) (rate(rpc_server_call_duration_count[$__rate_interval]))',
            '{{outcome}}',
          ],
        ],
      },
      {
        title: 'Records handled, by group',
        kind: 'lines',
        unit: 'reqps',
        queries: [
          [
            'sum by (messaging_consumer_group_name, outcome) (rate(messaging_process_duration_count[$__rate_interval]))',
            '{{messaging_consumer_group_name}} {{outcome}}',
          ],
        ],
      },
      {
        title: 'Handling a record, how long',
        kind: 'lines',
        unit: 's',
        queries: quantiles('messaging_process_duration', 'messaging_consumer_group_name'),
      },
      {
        title: 'Records behind, by group',
        kind: 'lines',
        unit: 'short',
        queries: [
          [
            'max by (messaging_consumer_group_name, messaging_destination_name) (lethe_consumer_lag)',
            '{{messaging_consumer_group_name}} {{messaging_destination_name}}',
          ],
        ],
      },
      {
        title: 'Duplicates dropped',
        kind: 'lines',
        unit: 'reqps',
        queries: [
          ['sum by (stage) (rate(lethe_duplicates_dropped_total[$__rate_interval]))', '{{stage}}'],
        ],
      },
    ],
  },
  {
    title: 'Rounds',
    panels: [
      {
        title: 'Requests that wait for a round',
        kind: 'lines',
        unit: 'short',
        queries: [[`sum by (model) (lethe_backlog_requests{${model}})`, '{{model}}']],
      },
      {
        title: 'A round, how long',
        kind: 'lines',
        unit: 's',
        queries: quantiles('lethe_round_duration', 'method', `{${model}}`),
      },
      {
        title: 'Rounds, by outcome',
        kind: 'lines',
        unit: 'short',
        queries: [
          [`sum by (outcome) (increase(lethe_round_duration_count{${model}}[1h]))`, '{{outcome}}'],
        ],
      },
      {
        title: 'Samples forgotten in an hour',
        kind: 'lines',
        unit: 'short',
        queries: [
          [`sum by (model) (increase(lethe_round_samples_total{${model}}[1h]))`, '{{model}}'],
        ],
      },
    ],
  },
  {
    title: 'Gate and serving',
    panels: [
      {
        title: 'Held-out accuracy of what serves',
        kind: 'lines',
        unit: 'percentunit',
        queries: [[`min by (model) (lethe_serving_retained_accuracy{${model}})`, '{{model}}']],
      },
      {
        title: 'Accuracy on what was to be forgotten',
        kind: 'lines',
        unit: 'percentunit',
        queries: [[`max by (model) (lethe_serving_forget_accuracy{${model}})`, '{{model}}']],
      },
      {
        title: 'Verdicts',
        kind: 'lines',
        unit: 'short',
        queries: [
          [`sum by (outcome) (increase(lethe_verdicts_total{${model}}[1h]))`, '{{outcome}}'],
        ],
      },
      {
        title: 'Why not passed',
        kind: 'lines',
        unit: 'short',
        queries: [
          [
            'sum by (check, reason) (increase(lethe_verdict_reasons_total[1h]))',
            '{{check}}: {{reason}}',
          ],
        ],
      },
      {
        title: 'Decisions',
        kind: 'lines',
        unit: 'short',
        queries: [
          [`sum by (reason) (increase(lethe_decisions_total{${model}}[1h]))`, '{{reason}}'],
        ],
      },
      {
        title: 'An evaluation, how long',
        kind: 'lines',
        unit: 's',
        queries: quantiles('lethe_evaluation_duration', '', `{${model}}`),
      },
      {
        title: 'Weights that should be gone',
        kind: 'lines',
        unit: 'short',
        queries: [[`max by (model) (lethe_purge_due{${model}})`, '{{model}}']],
      },
    ],
  },
  {
    title: 'Trouble',
    panels: [
      {
        title: 'Records retried, and set aside',
        kind: 'lines',
        unit: 'short',
        queries: [
          ['sum by (stage) (increase(lethe_record_retries_total[15m]))', '{{stage}} retried'],
          ['sum by (stage) (increase(lethe_dead_letters_total[15m]))', '{{stage}} set aside'],
        ],
      },
      {
        title: 'Lost against others',
        kind: 'lines',
        unit: 'short',
        queries: [
          ['sum(increase(lethe_serving_conflicts_total[15m]))', 'serving pointer'],
          ['sum by (record) (increase(lethe_store_conflicts_total[15m]))', '{{record}}'],
          ['sum(increase(lethe_round_overtaken_total[15m]))', 'rounds'],
          ['sum(increase(lethe_partition_fenced_total[15m]))', 'partitions'],
        ],
      },
      {
        title: 'Ladder and escalations',
        kind: 'lines',
        unit: 'short',
        queries: [
          [
            'sum by (model) (increase(lethe_ladder_failed_steps_total[1h]))',
            '{{model}} failed steps',
          ],
          ['sum by (model) (increase(lethe_escalations_total[1h]))', '{{model}} escalated'],
        ],
      },
      {
        title: 'Object store, by outcome',
        kind: 'lines',
        unit: 'ops',
        queries: [
          [
            'sum by (operation, outcome) (rate(lethe_store_operation_duration_count[$__rate_interval]))',
            '{{operation}} {{outcome}}',
          ],
        ],
      },
      {
        title: 'Object store, how long',
        kind: 'lines',
        unit: 's',
        queries: quantiles('lethe_store_operation_duration', 'operation'),
      },
      {
        title: 'Callers refused',
        kind: 'lines',
        unit: 'short',
        queries: [['sum by (reason) (increase(lethe_calls_refused_total[15m]))', '{{reason}}']],
      },
      {
        title: 'Callbacks',
        kind: 'lines',
        unit: 'short',
        queries: [
          ['sum by (outcome) (increase(lethe_callbacks_total[15m]))', '{{outcome}}'],
          ['sum(lethe_callbacks_pending)', 'pending'],
        ],
      },
    ],
  },
  {
    title: 'Machines',
    panels: [
      {
        title: 'Ready',
        kind: 'number',
        unit: 'short',
        queries: [['min by (service) (lethe_ready)', '{{service}}']],
      },
      {
        title: 'Memory',
        kind: 'lines',
        unit: 'bytes',
        queries: [
          ['max by (job, instance) (process_memory_usage)', '{{instance}}'],
          ['max by (stage, instance) (lethe_worker_memory)', '{{instance}} compute, {{stage}}'],
        ],
      },
      {
        title: 'Cores that compute processes keep busy',
        kind: 'lines',
        unit: 'short',
        queries: [['sum by (stage, instance) (lethe_worker_cpu)', '{{stage}} {{instance}}']],
      },
      {
        title: 'Compute processes that died',
        kind: 'lines',
        unit: 'short',
        queries: [
          [
            'sum by (stage, reason) (increase(lethe_worker_deaths_total[1h]))',
            '{{stage}} {{reason}}',
          ],
        ],
      },
      {
        title: 'GPU',
        kind: 'lines',
        unit: 'percentunit',
        queries: [
          ['max by (gpu, instance) (lethe_gpu_utilization)', '{{instance}} {{gpu}} at work'],
          [
            'max by (gpu, instance) (lethe_gpu_memory_used / lethe_gpu_memory_limit)',
            '{{instance}} {{gpu}} memory',
          ],
        ],
      },
    ],
  },
];
