/** Writes the Grafana dashboard from its rows: `npm run generate:dashboard`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Panel, rows } from './dashboard/panels.ts';

const file = join(import.meta.dirname, '../deploy/k8s/overlays/prod/dashboards/lethe.json');

/** Columns of Grafana's grid. */
const gridWidth = 24;
const height = 7;
const widthOf = { number: 4, lines: 8 } as const;
const source = { type: 'prometheus', uid: '$datasource' };

function panelsOf(): unknown[] {
  const panels: unknown[] = [];
  let [x, y, id] = [0, 0, 1];
  for (const row of rows) {
    if (x > 0) y += height;
    panels.push({
      id: id++,
      type: 'row',
      title: row.title,
      gridPos: { x: 0, y, w: gridWidth, h: 1 },
    });
    x = 0;
    y += 1;
    for (const panel of row.panels) {
      const w = widthOf[panel.kind];
      if (x + w > gridWidth) {
        x = 0;
        y += height;
      }
      panels.push(panelAt(panel, id++, { x, y, w, h: height }));
      x += w;
    }
  }
  return panels;
}

function panelAt({ title, kind, unit, queries, alarm }: Panel, id: number, gridPos: object) {
  return {
    id,
    type: kind === 'number' ? 'stat' : 'timeseries',
    title,
    datasource: source,
    gridPos,
    fieldConfig: {
      defaults: { unit, ...(alarm === undefined ? {} : { thresholds: thresholdsOf(alarm) }) },
      overrides: [],
    },
    ...(kind === 'number' ? { options: { reduceOptions: { calcs: ['lastNotNull'] } } } : {}),
    targets: queries.map(([expr, legendFormat], at) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + at),
      datasource: source,
      expr,
      legendFormat,
    })),
  };
}

function thresholdsOf([yellow, red]: readonly [number, number]) {
  const [inside, outside] = ['green', 'red'];
  const steps =
    red < yellow
      ? [
          { color: outside, value: null },
          { color: 'yellow', value: red },
          { color: inside, value: yellow },
        ]
      : [
          { color: inside, value: null },
          { color: 'yellow', value: yellow },
          { color: outside, value: red },
        ];
  return { mode: 'absolute', steps };
}

const dashboard = {
  uid: 'lethe',
  title: 'Lethe',
  tags: ['lethe'],
  schemaVersion: 39,
  editable: false,
  refresh: '30s',
  time: { from: 'now-6h', to: 'now' },
  templating: {
    list: [
      { name: 'datasource', type: 'datasource', query: 'prometheus' },
      {
        name: 'model',
        type: 'query',
        datasource: source,
        query: 'label_values(lethe_requests_open, model)',
        refresh: 2,
        multi: true,
        includeAll: true,
        allValue: '.*',
        current: { text: 'All', value: '$__all' },
      },
    ],
  },
  panels: panelsOf(),
};

await mkdir(dirname(file), { recursive: true });
await writeFile(file, `${JSON.stringify(dashboard, null, 2)}\n`);
