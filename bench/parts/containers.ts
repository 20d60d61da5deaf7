// What a container change costs through the gateway, on one, two and three clusters, near and far, against one made at a single Swift.
import { once } from 'node:events';
import { Agent, request, type IncomingMessage, type RequestOptions } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalRealm } from '../../src/local/realm.js';
import { SwiftSession } from '../../test/support/swift-client.js';
import { shareOfTime, type Bench } from '../bench.js';
import { sideBySide, type RoundsOptions } from '../rounds.js';
import type { PartReport } from '../report.js';
import {
  reportContainers,
  type Cell,
  type Method,
  type RequestCount,
  type Subject,
} from './containers-tables.js';
import { countByMethod, isClientRequest } from '../access-log.js';

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
/** Swift logs a request just after it was answered. */
const LOG_MS = 300;

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
      // Else every container is made on all three, whatever its placement.
      'filter:autosync': { namespace: 'placed' },
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
    const measured = await measureAll(client, realm, bench);
    const near = measured.filter(({ cell }) => cell.roundTripMs === 0);
    return reportContainers(
      measured.map(({ cell }) => cell),
      near.flatMap(({ counts }) => counts),
      (performance.now() - began) / 1000,
    );
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

interface Measured {
  readonly cell: Cell;
  readonly counts: readonly RequestCount[];
}

async function measureAll(client: Client, realm: LocalRealm, bench: Bench): Promise<Measured[]> {
  const measured: Measured[] = [];
  let left = 2 * ROUND_TRIPS_MS.length;
  for (const roundTripMs of ROUND_TRIPS_MS) {
    for (const [from, to] of pairs(realm)) await realm.link(from, to).delay(roundTripMs / 2);
    for (let index = 0; index < WARM_UP_CHANGES; index += 1) {
      for (const subject of SUBJECTS) await change(client, subject, 'PUT', `warm-${roundTripMs}-${index}`);
    }
    let rounds = bench.isQuick ? 15 : 60;
    for (const method of ['PUT', 'POST'] as const) {
      bench.say(`container ${method}, ${roundTripMs} ms between clusters`);
      const options = { rounds, deadline: shareOfTime(bench, left) };
      const found = await measure(client, realm, { method, roundTripMs }, options);
      measured.push(found);
      // A POST needs the container that the PUT of its round has made.
      rounds = found.cell.comparison.samples.direct.length;
      left -= 1;
    }
  }
  return measured;
}

async function measure(
  client: Client,
  realm: LocalRealm,
  what: { method: Method; roundTripMs: number },
  rounds: RoundsOptions,
): Promise<Measured> {
  const { method, roundTripMs } = what;
  const logsBefore = realm.clusters.map((cluster) => cluster.logs('proxy').length);
  const comparison = await sideBySide(SUBJECTS, rounds, (subject, round) =>
    change(client, subject, method, `${roundTripMs}-${round}`),
  );
  await sleep(LOG_MS);
  const changes = comparison.samples.direct.length;
  const counts = realm.clusters.flatMap((cluster, index) => {
    const lines = cluster.logs('proxy').slice(logsBefore[index]).split('\n').filter(isClientRequest);
    return SUBJECTS.map((subject) =>
      countRequests(lines, { cluster: cluster.name, subject, method, changes }),
    );
  });
  return { cell: { ...what, comparison }, counts };
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

/** What a cluster's Swift was asked for the changes, by its access log: requests whose path names such a container. */
function countRequests(lines: readonly string[], of: Omit<RequestCount, 'byMethod'>): RequestCount {
  return { ...of, byMethod: countByMethod(lines, String.raw`/v1/\S*${PREFIXES[of.subject]}\S*`) };
}
