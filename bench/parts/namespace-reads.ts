// A GET of an object that is here, with and without the other clusters behind it; of one that only the other cluster has, against what it
// is made of: a miss here, the probe, and a GET there; and of one that nobody has.
import { Deadlines } from '../../src/http/deadline.js';
import { OriginPool } from '../../src/http/origin-pool.js';
import { HeaderList } from '../../src/http/headers.js';
import { LocalError } from '../../src/local/local-error.js';
import { REALM_NAME } from '../../src/local/plan.js';
import type { ServerProcess } from '../../src/local/server-process.js';
import { canonicalPath, signContainerSync } from '../../src/sync/container-sync-auth.js';
import { probeObject } from '../../src/sync/probe.js';
import { formatTimestamp } from '../../src/swift/timestamp.js';
import { SwiftSession } from '../../test/support/swift-client.js';
import { shareOfTime, type Bench } from '../bench.js';
import { digits, ratio } from '../numbers.js';
import type { Aim, PartReport } from '../report.js';
import { sideBySide, type Comparison, type Sample } from '../rounds.js';
import { makeContainers, startCopyRealm, USER, type CopyRealm } from './copy-realm.js';
import { startSecondGateway } from './second-gateway.js';

const CONTAINER = 'reads0';
const BODY = Buffer.alloc(1_024, 'x');
const REQUESTS = 10;
const WARM_UP = 20;

const HIT = ['at Swift', 'gateway, fallback_timeout = 0', 'gateway'] as const;
const MISS = ['miss here', 'probe here', 'GET there', 'gateway'] as const;
const NOWHERE = ['at Swift', 'gateway'] as const;

interface Ways {
  /** The first cluster's Swift. */
  readonly swift: SwiftSession;
  /** The other's. */
  readonly other: SwiftSession;
  readonly gateway: SwiftSession;
  /** Two that differ by one option only: it asks other clusters, and it does not. */
  readonly asking: SwiftSession;
  readonly localOnly: SwiftSession;
  readonly probe: (object: string) => Promise<boolean>;
}

export async function benchReads(bench: Bench): Promise<PartReport> {
  const began = performance.now();
  const copyRealm = await startCopyRealm(bench, 3_600);
  const deadlines = new Deadlines();
  const servers: ServerProcess[] = [];
  const startOther = async (...options: (readonly [string, string, string])[]): Promise<SwiftSession> => {
    const { server, url } = await startSecondGateway(copyRealm.realm, 'one', options);
    servers.push(server);
    return SwiftSession.login(url, USER);
  };
  try {
    await makeContainers(copyRealm, CONTAINER.slice(0, -1), 1);
    const asking = await startOther();
    const localOnly = await startOther(['filter:autosync', 'fallback_timeout', '0']);
    const ways = { ...(await waysOf(copyRealm, deadlines)), asking, localOnly };
    for (const [session, object] of [
      [ways.swift, 'here'],
      [ways.other, 'there'],
    ] as const) {
      const { status } = await session.request('PUT', `/${CONTAINER}/${object}`, {}, BODY);
      if (status !== 201) throw new LocalError(`PUT of an object: ${status}`);
    }
    const rounds = bench.isQuick ? 10 : 60;
    const measure = <S extends string>(
      what: string,
      subjects: readonly S[],
      left: number,
      one: Readonly<Record<S, () => Promise<boolean>>>,
    ): Promise<Comparison<S>> => {
      bench.say(what);
      const options = { rounds, deadline: shareOfTime(bench, left) };
      return sideBySide(subjects, options, (subject, round) =>
        timed(one[subject], round === 0 ? WARM_UP : 0),
      );
    };
    const get = (session: SwiftSession, object: string, status: number) => async (): Promise<boolean> =>
      (await session.request('GET', `/${CONTAINER}/${object}`)).status === status;
    const hit = await measure('an object that is here', HIT, 3, {
      'at Swift': get(ways.swift, 'here', 200),
      'gateway, fallback_timeout = 0': get(ways.localOnly, 'here', 200),
      'gateway': get(ways.asking, 'here', 200),
    });
    const miss = await measure('an object that is there', MISS, 2, {
      'miss here': get(ways.swift, 'there', 404),
      'probe here': () => ways.probe('there'),
      'GET there': get(ways.other, 'there', 200),
      'gateway': get(ways.gateway, 'there', 200),
    });
    let number = 0;
    const nowhere = await measure('an object that is nowhere', NOWHERE, 1, {
      'at Swift': () => get(ways.swift, `none-${(number += 1)}`, 404)(),
      'gateway': () => get(ways.gateway, `none-${(number += 1)}`, 404)(),
    });
    return report(hit, miss, nowhere, (performance.now() - began) / 1000);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    deadlines.close();
    await copyRealm.realm.stop();
  }
}

async function waysOf(
  { realm, writer, reader }: CopyRealm,
  deadlines: Deadlines,
): Promise<Omit<Ways, 'asking' | 'localOnly'>> {
  const swift = writer['container sync'];
  const { headers } = await swift.request('HEAD', `/${CONTAINER}`);
  const containerKey = headers['x-container-sync-key'] ?? '';
  const pool = new OriginPool(
    realm.cluster('one').proxyUrl,
    { connectTimeoutMs: 2_000, silenceMs: 10_000, idleMs: 10_000, maxIdle: 4 },
    deadlines,
  );
  const timestamp = formatTimestamp(BigInt(Date.now()) * 100n);
  return {
    swift,
    other: reader,
    gateway: writer['copy jobs'],
    async probe(object) {
      const target = `/v1/${USER.account}/${CONTAINER}/${object}`;
      const asked = { method: 'PUT', path: canonicalPath(target), timestamp, realm: REALM_NAME };
      const proof = signContainerSync({ ...asked, realmKey: realm.key, containerKey });
      const signed = HeaderList.from({ 'X-Timestamp': timestamp, 'X-Container-Sync-Auth': proof });
      return (await probeObject(pool, target, signed)) === 'never-here';
    },
  };
}

/** The mean of some in a row, in milliseconds. */
async function timed(one: () => Promise<boolean>, warmUp: number): Promise<Sample> {
  for (let i = 0; i < warmUp; i += 1) await one();
  let failed = 0;
  const began = performance.now();
  for (let i = 0; i < REQUESTS; i += 1) if (!(await one())) failed += 1;
  return { ms: (performance.now() - began) / REQUESTS, failed };
}

function report(
  hit: Comparison<(typeof HIT)[number]>,
  miss: Comparison<(typeof MISS)[number]>,
  nowhere: Comparison<(typeof NOWHERE)[number]>,
  seconds: number,
): PartReport {
  const ms = <S extends string>(comparison: Comparison<S>, subject: S): string =>
    digits(comparison.median(subject, 'ms'));
  const extra = hit.ratio('ms', 'gateway', 'gateway, fallback_timeout = 0');
  const parts = ['miss here', 'probe here', 'GET there'] as const;
  const sum = parts.reduce((total, part) => total + miss.median(part, 'ms'), 0);
  const fallback = miss.median('gateway', 'ms') / sum;
  const aims: Aim[] = [
    {
      what: 'an object that is here',
      aim: '≤ 1.02 × without fallback',
      found: `${ratio(extra)} ×`,
      isReached: extra <= 1.02,
    },
    {
      what: 'an object that is there',
      aim: '≤ 1.10 × its parts',
      found: `${ratio(fallback)} ×`,
      isReached: fallback <= 1.1,
    },
  ];
  const failures = [hit, miss, nowhere].map((comparison) => comparison.total('failed'));
  const failed = failures.reduce((a, b) => a + b, 0);
  return {
    part: 'namespace-reads',
    seconds,
    tables: [
      {
        title: 'GET of 1 KiB, a connection each, ms',
        columns: ['', ...HIT, 'gateway ÷ without fallback'],
        rows: [['that is here', ...HIT.map((subject) => ms(hit, subject)), ratio(extra)]],
      },
      {
        title: 'GET of 1 KiB, a connection each, ms',
        columns: ['', ...MISS, 'gateway ÷ sum of the others'],
        rows: [
          ['that only the other cluster has', ...MISS.map((subject) => ms(miss, subject)), ratio(fallback)],
        ],
      },
      {
        title: 'GET of 1 KiB, a connection each, ms',
        columns: ['', ...NOWHERE, 'gateway ÷ at Swift'],
        rows: [
          [
            'that no cluster has',
            ...NOWHERE.map((subject) => ms(nowhere, subject)),
            ratio(nowhere.ratio('ms', 'gateway', 'at Swift')),
          ],
        ],
      },
    ],
    aims,
    failures: failed === 0 ? [] : [`${failed} answers were not the right ones`],
    samples: { hit: hit.samples, miss: miss.samples, nowhere: nowhere.samples },
  };
}
