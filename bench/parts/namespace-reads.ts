// A GET of an object that is here, with and without the other clusters behind it; of one that only the other cluster has, against what it
// is made of: a miss here, the probe, and a GET there, that cluster beside this one and some way off; and of one that nobody has.
import { Deadlines } from '../../src/http/deadline.js';
import { OriginPool } from '../../src/http/origin-pool.js';
import { HeaderList } from '../../src/http/headers.js';
import { Link } from '../../src/local/link.js';
import { LocalError } from '../../src/local/local-error.js';
import { REALM_NAME } from '../../src/local/plan.js';
import { findFreePort } from '../../src/local/ports.js';
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
/** Between clusters that are some way off. */
const ROUND_TRIP_MS = 10;

const HIT = ['at Swift', 'gateway, fallback_timeout = 0', 'gateway'] as const;
const MISS = ['miss here', 'probe here', 'GET there', 'gateway'] as const;
const NOWHERE = ['at Swift', 'gateway'] as const;

interface Ways {
  /** The first cluster's Swift. */
  readonly swift: SwiftSession;
  /** The other's. */
  readonly other: SwiftSession;
  readonly gateway: SwiftSession;
  /** The other's, some way off, and a gateway whose peer is. */
  readonly far: { readonly other: SwiftSession; readonly gateway: SwiftSession };
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
  const links: Link[] = [];
  const startOther = async (...options: (readonly [string, string, string])[]): Promise<SwiftSession> => {
    const { server, url } = await startSecondGateway(copyRealm.realm, 'one', options);
    servers.push(server);
    return SwiftSession.login(url, USER);
  };
  try {
    await makeContainers(copyRealm, CONTAINER.slice(0, -1), 1);
    const asking = await startOther();
    const localOnly = await startOther(['filter:autosync', 'fallback_timeout', '0']);
    const { gatewayUrl, proxyUrl } = copyRealm.realm.cluster('two');
    for (const url of [gatewayUrl, proxyUrl]) links.push(await openLink(url));
    const [toGateway, toSwift] = links.map(({ port }) => `http://127.0.0.1:${port}`) as [string, string];
    const far = {
      other: await SwiftSession.login(toSwift, USER),
      gateway: await startOther(['cluster:two', 'gateway', toGateway]),
    };
    const ways: Ways = { ...(await waysOf(copyRealm, deadlines)), asking, localOnly, far };
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
    const hit = await measure('an object that is here', HIT, 4, {
      'at Swift': get(ways.swift, 'here', 200),
      'gateway, fallback_timeout = 0': get(ways.localOnly, 'here', 200),
      'gateway': get(ways.asking, 'here', 200),
    });
    const measureMiss = (what: string, left: number, there: Pick<Ways, 'other' | 'gateway'>): Promise<Miss> =>
      measure(what, MISS, left, {
        'miss here': get(ways.swift, 'there', 404),
        'probe here': () => ways.probe('there'),
        'GET there': get(there.other, 'there', 200),
        'gateway': get(there.gateway, 'there', 200),
      });
    const near = await measureMiss('an object that is there', 3, ways);
    const away = await measureMiss(`an object that is there, ${ROUND_TRIP_MS} ms away`, 2, far);
    let number = 0;
    const nowhere = await measure('an object that is nowhere', NOWHERE, 1, {
      'at Swift': () => get(ways.swift, `none-${(number += 1)}`, 404)(),
      'gateway': () => get(ways.gateway, `none-${(number += 1)}`, 404)(),
    });
    return report(hit, { near, away }, nowhere, (performance.now() - began) / 1000);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await Promise.all(links.map((link) => link.close()));
    deadlines.close();
    await copyRealm.realm.stop();
  }
}

type Miss = Comparison<(typeof MISS)[number]>;

async function openLink(url: string): Promise<Link> {
  const link = new Link('one', 'two', Number(new URL(url).port));
  await link.open(await findFreePort(29_500, new Set()));
  await link.delay(ROUND_TRIP_MS / 2);
  return link;
}

async function waysOf(
  { realm, writer, reader }: CopyRealm,
  deadlines: Deadlines,
): Promise<Pick<Ways, 'swift' | 'other' | 'gateway' | 'probe'>> {
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
  misses: Readonly<Record<'near' | 'away', Miss>>,
  nowhere: Comparison<(typeof NOWHERE)[number]>,
  seconds: number,
): PartReport {
  const ms = <S extends string>(comparison: Comparison<S>, subject: S): string =>
    digits(comparison.median(subject, 'ms'));
  const extra = hit.ratio('ms', 'gateway', 'gateway, fallback_timeout = 0');
  const parts = ['miss here', 'probe here', 'GET there'] as const;
  const fallbackOf = (miss: Miss): number =>
    miss.median('gateway', 'ms') / parts.reduce((total, part) => total + miss.median(part, 'ms'), 0);
  const { near, away } = misses;
  const distant = `${ROUND_TRIP_MS} ms away`;
  const aims: Aim[] = [
    {
      what: 'an object that is here',
      aim: '≤ 1.02 × without fallback',
      found: `${ratio(extra)} ×`,
      isReached: extra <= 1.02,
    },
    ...[
      { what: 'an object that is there', fallback: fallbackOf(near) },
      { what: `an object that is there, ${distant}`, fallback: fallbackOf(away) },
    ].map(({ what, fallback }) => ({
      ...{ what, aim: '≤ 1.10 × its parts', found: `${ratio(fallback)} ×` },
      isReached: fallback <= 1.1,
    })),
  ];
  const failures = [hit, near, away, nowhere].map((comparison) => comparison.total('failed'));
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
          ['that only the other cluster has', near] as const,
          [`that only the other has, ${distant}`, away] as const,
        ].map(([what, miss]) => [what, ...MISS.map((subject) => ms(miss, subject)), ratio(fallbackOf(miss))]),
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
    samples: { hit: hit.samples, near: near.samples, away: away.samples, nowhere: nowhere.samples },
  };
}
