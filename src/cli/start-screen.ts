// What `autosync start` shows when all is up. Text only; prints nothing.
import { DEMO_USER, type DemoStep } from '../local/demo.js';
import type { LocalCluster } from '../local/cluster.js';
import type { LocalRealm } from '../local/realm.js';

/** How the demonstration went. */
export interface DemoOutcome {
  readonly container: string;
  readonly steps: readonly DemoStep[];
  /** What did not work. */
  readonly failure?: string;
}

const STEP_WIDTH = 76;
const LOGIN = `${DEMO_USER.account}:${DEMO_USER.user}`;

/** One line: what was done, and the time it took. */
export function renderStep({ text, ms }: DemoStep): string {
  const time = ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
  return `  ✔ ${text.padEnd(STEP_WIDTH)} ${time.padStart(7)}`;
}

/** Where everything is and what to try. */
export function renderReady(realm: LocalRealm, outcome: DemoOutcome | undefined): string {
  const { clusters, folder, startMs } = realm;
  return [
    '',
    `${clusters.length} Swift clusters are up after ${(startMs / 1000).toFixed(1)} s; data and logs are in ${folder}`,
    '',
    ...table([['cluster', 'gateway', 'auth URL', 'user', 'key'], ...clusters.map(rowOf)]),
    '',
    'Try:',
    ...commands(clusters, outcome?.container ?? 'demo').map((line) => `  ${line}`),
    '',
    'Ctrl-C stops everything. The data stay for the next start; --fresh begins anew.',
  ].join('\n');
}

/** The same for programs. */
export function toJson(realm: LocalRealm, outcome: DemoOutcome | undefined): string {
  const clusters = realm.clusters.map((cluster) => ({
    name: cluster.name,
    gateway: cluster.gatewayUrl,
    authUrl: authUrlOf(cluster),
    swift: cluster.proxyUrl,
    user: LOGIN,
    key: DEMO_USER.key,
    swiftDir: cluster.swiftDir,
  }));
  return JSON.stringify({ startMs: realm.startMs, folder: realm.folder, clusters, demo: outcome ?? null });
}

function rowOf(cluster: LocalCluster): string[] {
  return [cluster.name, cluster.gatewayUrl, authUrlOf(cluster), LOGIN, DEMO_USER.key];
}

function authUrlOf(cluster: LocalCluster): string {
  return `${cluster.gatewayUrl}/auth/v1.0`;
}

/** Upload at the first, list and read at the last. */
function commands(clusters: readonly LocalCluster[], container: string): string[] {
  const first = clusters[0] as LocalCluster;
  const last = clusters.at(-1) as LocalCluster;
  const swift = (cluster: LocalCluster) => `swift -A ${authUrlOf(cluster)} -U ${LOGIN} -K ${DEMO_USER.key}`;
  return [
    `${swift(first)} upload ${container} README.md`,
    `${swift(last)} list ${container} --lh`,
    `curl -i ${last.gatewayUrl}/v1/AUTH_${DEMO_USER.account}/${container}/hello-from-${first.name}.txt`,
  ];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}
