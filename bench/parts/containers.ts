// What a container change costs through the gateway, on one, two and three clusters, near and far, against one made at a single Swift.
import { once } from 'node:events';
import { Agent, request, type IncomingMessage, type RequestOptions } from 'node:http';
import type { LocalCluster } from '../../src/local/cluster.js';
import { LocalRealm } from '../../src/local/realm.js';
import { SwiftSession } from '../../test/support/swift-client.js';
import type { Bench } from '../bench.js';
import { sideBySide } from '../rounds.js';
import type { PartReport } from '../report.js';
import {
  reportContainers,
  type Distance,
  type Method,
  type RequestCount,
  type Subject,
} from './containers-tables.js';

const SUBJECTS = ['direct', '1 cluster', '2 clusters', '3 clusters'] as const;
/** What names of containers begin with, by which the placement knows them. */
const PREFIXES: Readonly<Record<Subject, string>> = {
  'direct': 'd0-',
  '1 cluster': 'p1-',
  '2 clusters': 'p2-',
  '3 clusters': 'p3-',
};
const ROUND_TRIPS_MS = [0, 50] as const;
const WARM_UP_CHANGES = 5;

interface Client {
  readonly session: SwiftSession;
  readonly ports: Readonly<Record<Subject, number>>;
  readonly agent: Agent;
}

export async function benchContainers(bench: Bench): Promise<PartReport> {
  const began = performance.now();
  bench.say('three Swift clusters start');
  const realm = await LocalRealm.start({
    folder: bench.folder,
    clusters: 3,
    links: true,
    daemons: [],
    firstPort: 26_000,
    gatewayConf: {
      'filter:placement': {
        default: 'one, two, three',
        rule_one: 'AUTH_*/p1-* -> one',
        rule_two: 'AUTH_*/p2-* -> one, two',
      },
    },
  });
  const agent = new Agent({ keepAlive: true });
  try {
    const client = await enter(realm, agent);
    const distances: Distance[] = [];
    for (const roundTripMs of ROUND_TRIPS_MS) {
      for (const [from, to] of pairs(realm)) await realm.link(from, to).delay(roundTripMs / 2);
      distances.push({ roundTripMs, cells: await measureAll(client, bench, roundTripMs) });
    }
    const counts = realm.clusters.flatMap((cluster) => countRequests(cluster, distances));
    return reportContainers(distances, counts, (performance.now() - began) / 1000);
  } finally {
    agent.destroy();
    await realm.stop();
  }
}

async function enter(realm: LocalRealm, agent: Agent): Promise<Client> {
  const { plan, proxyUrl } = realm.cluster('one');
  const user = { account: 'AUTH_test', user: 'test:tester', key: 'testing' };
  const session = await SwiftSession.login(proxyUrl, user);
  const { gateway, proxy } = plan.ports;
  const ports = { 'direct': proxy, '1 cluster': gateway, '2 clusters': gateway, '3 clusters': gateway };
  return { session, ports, agent };
}

async function measureAll(client: Client, bench: Bench, roundTripMs: number): Promise<Distance['cells']> {
  const rounds = { rounds: bench.isQuick ? 20 : 80, deadline: bench.deadline };
  bench.say(`container changes, ${roundTripMs} ms between clusters`);
  for (let index = 0; index < WARM_UP_CHANGES; index += 1) {
    for (const subject of SUBJECTS) await change(client, subject, 'PUT', `warm-${roundTripMs}-${index}`);
  }
  const puts = await sideBySide(SUBJECTS, rounds, (subject, round) =>
    change(client, subject, 'PUT', `${roundTripMs}-${round}`),
  );
  const posts = await sideBySide(SUBJECTS, rounds, (subject, round) =>
    change(client, subject, 'POST', `${roundTripMs}-${round}`),
  );
  return { PUT: puts, POST: posts };
}

/** One change: a PUT makes a container, a POST changes metadata and ACL of the one of that name. */
async function change(client: Client, subject: Subject, method: Method, name: string) {
  const path = `/v1/AUTH_test/${PREFIXES[subject]}${name}`;
  const headers = {
    'X-Auth-Token': client.session.token,
    'X-Container-Meta-Color': method === 'PUT' ? 'red' : 'blue',
    'X-Container-Read': '.r:*',
    'Content-Length': '0',
  };
  const began = performance.now();
  const options = {
    agent: client.agent,
    host: '127.0.0.1',
    port: client.ports[subject],
    path,
    method,
    headers,
  };
  const answer = await answered(options);
  const ms = performance.now() - began;
  const isPending = answer.headers['x-autosync-pending'] !== undefined;
  return { ms, failed: (answer.statusCode ?? 0) >= 300 ? 1 : 0, pending: isPending ? 1 : 0 };
}

async function answered(options: RequestOptions): Promise<IncomingMessage> {
  const req = request(options);
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    req.once('response', resolve);
    req.once('error', reject);
  });
  req.end();
  const response = await answer;
  response.resume();
  await once(response, 'end');
  return response;
}

function* pairs(realm: LocalRealm): Generator<[string, string]> {
  for (const from of realm.clusters) {
    for (const to of realm.clusters) if (from !== to) yield [from.name, to.name];
  }
}

/** What a cluster's Swift proxy was asked for each change, by its access log: requests whose path names the container. */
function countRequests(cluster: LocalCluster, distances: readonly Distance[]): RequestCount[] {
  const log = cluster.logs('proxy');
  const changes = distances.reduce((sum, { cells }) => sum + cells.PUT.samples.direct.length, 0);
  return SUBJECTS.map((subject) => {
    const pattern = new RegExp(String.raw` (\S+) /v1/\S*${PREFIXES[subject]}(?!warm)\S* HTTP/1`, 'g');
    const byMethod: Record<string, number> = {};
    for (const [, method = ''] of log.matchAll(pattern)) byMethod[method] = (byMethod[method] ?? 0) + 1;
    return { cluster: cluster.name, subject, changes: 2 * changes, byMethod };
  });
}
