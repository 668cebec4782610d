import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { metricsOf } from '../kit/metrics.ts';

const text = (path: string) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8');
const doc = text('metrics.md');

interface Family {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

/** What the registry has; prom-client keeps the label names where its types do not say. */
const families: readonly Family[] = metricsOf()
  .registry.getMetricsAsArray()
  .map(({ name, type, ...rest }) => ({
    name,
    type: String(type),
    labels: 'labelNames' in rest ? (rest.labelNames as string[]) : [],
  }));
const names = new Set(families.map(({ name }) => name));

/** The rows of the tables of metrics. */
const rows = new Map(
  [...doc.matchAll(/^\| `([a-z0-9_]+)` \| (counter|gauge|histogram) \| (.*?) \| (.*?) \|/gm)].map(
    ([, name = '', type = '', labels = '', meaning = '']) => [name, { type, labels, meaning }] as const,
  ),
);

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<string, string>>;
}
const alerts = (parse(text('../helm/files/alerts.yaml')) as { groups: { rules: Alert[] }[] }).groups.flatMap(
  ({ rules }) => rules,
);

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly targets?: readonly { readonly expr: string }[];
}
const dashboard = JSON.parse(text('../helm/files/grafana-dashboard.json')) as {
  panels: Panel[];
  templating: { list: { name: string; query: unknown }[] };
};
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** The metrics an expression names; of a histogram its three series. */
function metricsIn(expression: string): string[] {
  const outside = expression.replace(/"[^"]*"/g, '""');
  return [...outside.matchAll(/\b(?:bitbucket_agent|process|nodejs)_\w+/g)].map(([name]) => name);
}
const isKnown = (name: string) =>
  names.has(name) ||
  families.some(({ type, name: family }) => type === 'histogram' && name === `${family}_bucket`);

/** Labels that are set or grouped by beside metrics of this agent, and those that Prometheus adds. */
const LABELS = new Set([...families.flatMap(({ labels }) => labels), 'job', 'instance', 'le']);
function labelsIn(expression: string): string[] {
  const matched = [...expression.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label);
  const grouped = [...expression.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  );
  return [...matched, ...grouped];
}

function balanced(expression: string): boolean {
  const open: string[] = [];
  const closes: Readonly<Record<string, string>> = { ')': '(', '}': '{', ']': '[' };
  for (const sign of expression.replace(/"[^"]*"/g, '')) {
    if ('({['.includes(sign)) open.push(sign);
    else if (sign in closes && open.pop() !== closes[sign]) return false;
  }
  return open.length === 0;
}

describe('docs/metrics.md', () => {
  it('has every metric, and no other', () => {
    const here = [...rows].filter(
      ([, { meaning }]) => process.platform === 'linux' || !meaning.includes('Linux only'),
    );
    expect(here.map(([name]) => name).sort()).toEqual([...names].sort());
  });

  it.each(families.map((family) => [family.name, family] as const))('tells all of %s', (name, family) => {
    const row = rows.get(name);
    expect(row?.type).toBe(family.type);
    const labels = family.labels.map((label) => `\`${label}\``).join(', ');
    expect(row?.labels).toBe(labels === '' ? '–' : labels);
    expect(row?.meaning).toMatch(/\w.*\.$/);
  });

  it('has every alert with its severity, and no other', () => {
    const listed = [...doc.matchAll(/^\| `(BitbucketAgent\w+)` \| (\w+) \|/gm)].map(
      ([, alert, severity]) => `${alert} ${severity}`,
    );
    expect(listed).toEqual(alerts.map(({ alert, labels }) => `${alert} ${labels.severity}`));
  });

  it('follows the conventions: a prefix of its own, counters end in _total, units are spelt out', () => {
    const own = families.filter(({ name }) => !/^(process|nodejs)_/.test(name));
    for (const { name, type } of own) {
      expect(name).toMatch(/^bitbucket_agent_[a-z_]+$/);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
      expect(name).not.toMatch(/_(ms|millis|milliseconds|kb|mb)\b/);
    }
  });
});

describe('helm/files/alerts.yaml', () => {
  it('names each alert once', () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
    expect(alerts.length).toBeGreaterThan(10);
  });

  it.each(alerts.map((rule) => [rule.alert, rule] as const))('%s can be loaded and acted on', (_, rule) => {
    expect(rule.for).toMatch(/^\d+[mh]$/);
    expect(['critical', 'warning']).toContain(rule.labels.severity);
    for (const part of ['summary', 'description', 'runbook']) {
      expect(rule.annotations[part]).toMatch(/\S.{20,}\S$/);
    }
    expect(rule.annotations.runbook?.length).toBeGreaterThan(70);
    expect(metricsIn(rule.expr).filter((name) => !isKnown(name))).toEqual([]);
    expect(labelsIn(rule.expr).filter((label) => !LABELS.has(label))).toEqual([]);
    expect(rule.expr).toMatch(/bitbucket_agent_|nodejs_|^up\{/);
    expect(balanced(rule.expr)).toBe(true);
  });
});

it('every series that an alert asks an increase of is there at 0 before anything has happened', async () => {
  const text = await metricsOf().registry.metrics();
  const wanted = alerts.flatMap(({ expr }) =>
    [...expr.matchAll(/increase\((\w+)(?:\{(\w+)=~?"([^"]+)"\})?/g)].flatMap(([, name, label, values = '']) =>
      values
        .split('|')
        .map((value) => (label === undefined ? `${name} ` : `${name}{road="tunnel",${label}="${value}"} 0`)),
    ),
  );
  expect(wanted.length).toBeGreaterThan(7);
  const series = text.split('\n').map((line) => line.replace(/^(\w+)\{role=.*\} /, '$1 '));
  expect(wanted.filter((start) => !series.some((line) => line.startsWith(start)))).toEqual([]);
});

describe('helm/files/grafana-dashboard.json', () => {
  it('asks only for metrics and labels that there are', () => {
    for (const query of queries) {
      expect({ query, unknown: metricsIn(query).filter((name) => !isKnown(name)) }).toEqual({
        query,
        unknown: [],
      });
      expect(metricsIn(query).length).toBeGreaterThan(0);
      expect(labelsIn(query).filter((label) => !LABELS.has(label))).toEqual([]);
      expect(balanced(query)).toBe(true);
    }
  });

  it('shows every metric of the agent, but for the time of a change', () => {
    const shown = new Set(queries.flatMap(metricsIn).map((name) => name.replace(/_bucket$/, '')));
    const missing = [...names].filter((name) => name.startsWith('bitbucket_agent_') && !shown.has(name));
    expect(missing.sort()).toEqual([
      'bitbucket_agent_inventory_ledger_readable',
      'bitbucket_agent_inventory_outbox_batches',
      'bitbucket_agent_inventory_running',
      'bitbucket_agent_tunnel_changed_timestamp_seconds',
    ]);
  });

  it('has panels that do not overlap, with ids of their own', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)}:${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });

  it('uses only variables that it declares', () => {
    const declared = new Set(dashboard.templating.list.map(({ name }) => name));
    const used = new Set(
      [...JSON.stringify(dashboard).matchAll(/\$\{?([a-z]\w*)\}?/g)].map(([, name = '']) => name),
    );
    expect([...used].filter((name) => !declared.has(name))).toEqual([]);
  });
});
