// docs/reference/metrics.md and the alert rules say what the metrics are. `UPDATE=1 npx vitest run --project unit src/admin` rewrites the page.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { CopierStatus } from '../copy/copier.js';
import { COPY_LAG, LagHistogram } from '../copy/lag-histogram.js';
import { NOTHING_UNPROVEN } from '../copy/unproven.js';
import type { GatewayStatus } from '../gateway/status.js';
import { REASONS } from '../lib/reasons.js';
import { METRICS, renderMetrics, type Known } from './metrics.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = join(ROOT, 'docs/reference/metrics.md');
const ALERTS = readFileSync(join(ROOT, 'etc/prometheus-alerts.yml'), 'utf8');

const GATEWAY: GatewayStatus = {
  ...{ version: '1', cluster: 'one', processes: 2, clientConnections: 3, problems: [] },
  swiftProxies: [{ origin: 'http://127.0.0.1:1', isUp: true }],
  peers: [{ name: 'two', isUp: false }],
  counters: { 'requests:GET:2xx': 7, 'peer_refused:clock': 2, 'changes_pending': 1 },
};
const COPIES: CopierStatus = {
  ...{ peer: 'two', waiting: 1, underWay: 2, oldestSeconds: 5, bytesBehind: 10, containers: [] },
  ...{
    unproven: NOTHING_UNPROVEN,
    copied: 4,
    copiedBytes: 40,
    there: 0,
    dropped: 0,
    refused: 0,
    trouble: '',
    throttledSeconds: 1.5,
    limitBytesPerSecond: 1e6,
  },
  canary: { lagSeconds: 0.5, measuredMs: 90_000, trouble: '' },
  objectives: [{ rule: '', share: 0.99, withinSeconds: 60, within: 199, late: 1 }],
};
const KNOWN: Known = {
  ...{ gateway: GATEWAY, hasCopier: true, copies: [COPIES], lostJobs: 0, cluster: undefined, nowMs: 100_000 },
};

describe('the metrics', () => {
  it('say what gateway and copier say', async () => {
    const text = await renderMetrics(KNOWN);
    for (const line of [
      'autosync_requests_total{method="GET",status="2xx"} 7',
      'autosync_peer_requests_refused_total{reason="clock"} 2',
      'autosync_changes_pending_total 1',
      'autosync_peer_up{peer="two"} 0',
      'autosync_lag_seconds{peer="two"} 5',
      'autosync_copies_total{peer="two",outcome="copied"} 4',
      'autosync_objective_budget_left_ratio{peer="two",rule=""} 0.5',
      'autosync_copy_limit_bytes_per_second{peer="two"} 1000000',
      'autosync_copies_throttled_seconds_total{peer="two"} 1.5',
      'autosync_canary_age_seconds{peer="two"} 10',
    ])
      expect(text.split('\n')).toContain(line);
  });

  it('do not call what is unproven equal', async () => {
    const unproven = { ...NOTHING_UNPROVEN, sinceMs: 40_000, jobs: 3 };
    const copies = [{ ...COPIES, waiting: 0, underWay: 0, oldestSeconds: 0, unproven }];
    expect(await renderMetrics({ ...KNOWN, copies })).toContain('autosync_lag_seconds{peer="two"} 60\n');
  });

  it('leave out what is not known', async () => {
    const text = await renderMetrics({ ...KNOWN, hasCopier: false, copies: undefined });
    expect(text).not.toMatch(/autosync_copier_up|autosync_lag|autosync_audit/);
  });

  it('have names and units as Prometheus asks, and a place for each counter of the gateway', () => {
    for (const [name, { type }] of Object.entries(METRICS)) {
      expect(name).toMatch(/^autosync_[a-z]+(?:_[a-z]+)*$/);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    }
    const src = join(ROOT, 'src');
    const source = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => readFileSync(join(src, file), 'utf8'))
      .join('');
    const counters = [...source.matchAll(/counters\.add\([`'](\w+)/g)].map(([, name]) => name ?? '');
    expect(counters.length).toBeGreaterThan(4);
    const table = readFileSync(join(src, 'admin/metrics.ts'), 'utf8');
    for (const name of counters) expect(table).toContain(`'${name}'`);
  });
});

describe('the histogram of copies', () => {
  it('counts by peer and method', async () => {
    const lags = new LagHistogram();
    lags.observe('two', 'DELETE', 0.3);
    expect(await lags.text()).toContain(
      'autosync_copy_lag_seconds_bucket{le="0.5",peer="two",method="DELETE"} 1',
    );
  });
});

describe('the alert rules', () => {
  const rules = ALERTS.split('- alert: ').slice(1);

  it('ask for metrics that there are', () => {
    const known = [
      ...Object.keys(METRICS),
      ...['bucket', 'sum', 'count'].map((end) => `${COPY_LAG.name}_${end}`),
    ];
    for (const [name] of ALERTS.matchAll(/autosync_\w+/g)) expect(known).toContain(name);
  });

  it('name a reason each, but for the one that stands for all', () => {
    const without = rules.filter((rule) => {
      const code = /code: ([A-Z_]+|'\{\{ \$labels\.code \}\}')/.exec(rule)?.[1];
      if (code !== undefined && !code.startsWith("'")) expect(Object.keys(REASONS)).toContain(code);
      return code === undefined;
    });
    expect(rules.length).toBeGreaterThan(8);
    expect(without.map((rule) => rule.split('\n')[0])).toEqual(['AutosyncNotAgreed']);
  });
});

const HEAD = `# Metrics

\`GET /metrics\` at the admin port of each gateway host (\`[admin]\`), in Prometheus' text format. This page's table is made from \`src/admin/metrics.ts\`; alert rules are in
\`etc/prometheus-alerts.yml\`, each with the [reason](reasons.md) that it stands for.

- What a host does is of that host, all its gateway processes together: sum it over hosts. What a process counted that died after the last look is counted up to that look.
- \`autosync_records_readable\` and all metrics from \`autosync_status_ok\` on are the cluster's, as \`autosync status\` has it, the same on each host and up to five seconds old: take one, not the sum.
- No metric has a label for account, container or object, since there may be any number of them. \`GET /status\` names the hundred containers that are furthest behind, for each peer.
- A value that is not known is left out. The usual metrics of a Node process (\`process_…\`, \`nodejs_…\`) are of the process that answers.

## What is measured, and what is not

\`autosync_lag_seconds\` is about objects that clients wrote through this gateway: since the client's answer to the oldest of them that is not at the peer. It is 0 where nothing
waits, and grows while anything does. Copies that a full queue dropped, that the peer refused, or that were lost with a process count too, until it is proven that nothing is
missing: the copier compares the listings of that container on both clusters, every few seconds, by names and dates (a copied object has the date of the original). Everything
written up to the last drop has to be there as it is here or newer, and what is gone here has to be gone there. If a copier is killed and its gateway lives, the gateway knows the
containers; if both are, all recorded containers are compared, those of the time since its last report (ten seconds at most).

It does not see what was written past the gateways, by archives or the S3 API, or what was never copied because \`copy_jobs\` was off.

### The canary

Every \`canary_interval\` the copier writes a small object beside the records, in the service user's account of its own cluster, and gives it to the queue of each peer. When its turn
comes it is read here, sent signed to the peer's gateway, written to the peer's Swift, and read back from there; the time of all that is \`autosync_canary_lag_seconds\`. It is measured while clients write nothing as
well. Accounts of service users differ between clusters, and no client's account is ours to write to, so of an object's whole way one thing is not tried: the container's own sync key.

`;

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function renderPage(): string {
  const rows = [
    ...Object.entries(METRICS).map(([name, { type, labels, help }]) => [name, type, labels, help] as const),
    [COPY_LAG.name, 'histogram', COPY_LAG.labelNames, COPY_LAG.help] as const,
  ].map(([name, type, labels, help]) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    cell(help),
  ]);
  return `${HEAD}## All of them\n\n${renderTable([['metric', 'type', 'labels', 'what it says'], ...rows])}`;
}

/** A table as prettier writes it. */
function renderTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((each, column) => each.padEnd(widths[column] ?? 0)).join(' | ')} |\n`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('');
}

describe('docs/reference/metrics.md', () => {
  it('is what the table of metrics says', () => {
    if (process.env['UPDATE'] === '1') writeFileSync(PAGE, renderPage());
    expect(readFileSync(PAGE, 'utf8'), 'run UPDATE=1 npx vitest run --project unit src/admin').toBe(
      renderPage(),
    );
  });
});
