// GET and HEAD of an account of 10,000 containers whose objects are all on the other cluster, so that every row is put together of both;
// against what either cluster's own Swift takes for it.
import { LocalError } from '../../src/local/local-error.js';
import type { SwiftSession } from '../../test/support/swift-client.js';
import { shareOfTime, type Bench } from '../bench.js';
import { digits, median, ratio } from '../numbers.js';
import type { PartReport } from '../report.js';
import { sideBySide, type Comparison, type Sample } from '../rounds.js';
import { putRows } from './account-rows.js';
import { makeContainers, startCopyRealm, USER } from './copy-realm.js';

const CONTAINERS = 10_000;
const SWIFTS = ['at Swift here', 'at Swift there'] as const;
/** Both at once, since they share this machine's cores. */
const BOTH = 'at both at once';
const SUBJECTS = [...SWIFTS, BOTH, 'gateway'] as const;
type Subject = (typeof SUBJECTS)[number];

/** What is asked, and where in an answer it shows that it was put together. */
const QUESTIONS = [
  { what: 'GET, JSON', method: 'GET', query: '?format=json' },
  { what: 'GET, XML', method: 'GET', query: '?format=xml' },
  { what: 'GET, text', method: 'GET', query: '?format=plain' },
  { what: 'GET, JSON, limit=1000', method: 'GET', query: '?format=json&limit=1000' },
  { what: 'HEAD', method: 'HEAD', query: '' },
] as const;
type Question = (typeof QUESTIONS)[number];

export async function benchAccounts(bench: Bench): Promise<PartReport> {
  const began = performance.now();
  const copyRealm = await startCopyRealm(bench, 3_600);
  try {
    const { realm, writer, reader } = copyRealm;
    await makeContainers(copyRealm, 'real', 1);
    bench.say(`${CONTAINERS} containers are put into the account`);
    await putRows(realm.cluster('one'), USER.account, { count: CONTAINERS - 1, objects: 0 });
    await putRows(realm.cluster('two'), USER.account, { count: CONTAINERS - 1, objects: 3 });
    const [here, there, gateway] = [writer['container sync'], reader, writer['copy jobs']];
    const sessions: Readonly<Record<Subject, readonly SwiftSession[]>> = {
      'at Swift here': [here],
      'at Swift there': [there],
      [BOTH]: [here, there],
      'gateway': [gateway],
    };
    const { headers } = await gateway.request('HEAD', '');
    if (headers['x-account-object-count'] !== String(3 * (CONTAINERS - 1)))
      throw new LocalError(`The gateway counts ${headers['x-account-object-count'] ?? 'no'} objects.`);
    const found: (readonly [Question, Comparison<Subject>])[] = [];
    for (const [index, question] of QUESTIONS.entries()) {
      bench.say(question.what);
      const options = {
        rounds: bench.isQuick ? 5 : 25,
        deadline: shareOfTime(bench, QUESTIONS.length - index),
      };
      const comparison = await sideBySide(SUBJECTS, options, (subject) => timed(sessions[subject], question));
      found.push([question, comparison]);
    }
    return report(found, (performance.now() - began) / 1000);
  } finally {
    await copyRealm.realm.stop();
  }
}

async function timed(sessions: readonly SwiftSession[], { method, query }: Question): Promise<Sample> {
  const began = performance.now();
  const answers = await Promise.all(sessions.map((session) => session.request(method, query)));
  const failed = answers.filter(({ status }) => status >= 300).length;
  return { ms: performance.now() - began, failed };
}

/** The gateway's time ÷ that of whichever of the others took longest in the same round; of these the median. */
function overhead({ samples }: Comparison<Subject>, others: readonly Subject[]): number {
  const ms = (subject: Subject, round: number): number => samples[subject][round]?.['ms'] ?? NaN;
  return median(
    samples.gateway.map(
      (_, round) => ms('gateway', round) / Math.max(...others.map((subject) => ms(subject, round))),
    ),
  );
}

function report(found: readonly (readonly [Question, Comparison<Subject>])[], seconds: number): PartReport {
  const failed = found.reduce((sum, [, comparison]) => sum + comparison.total('failed'), 0);
  const [, json] = found[0] ?? [];
  const extra = json === undefined ? NaN : overhead(json, SWIFTS);
  return {
    part: 'namespace-accounts',
    seconds,
    tables: [
      {
        title: `An account of ${CONTAINERS.toLocaleString('en-US')} containers whose objects are elsewhere, ms`,
        columns: ['', ...SUBJECTS, 'gateway ÷ the slower Swift', 'gateway ÷ both at once'],
        rows: found.map(([{ what }, comparison]) => [
          what,
          ...SUBJECTS.map((subject) => digits(comparison.median(subject, 'ms'))),
          ratio(overhead(comparison, SWIFTS)),
          ratio(overhead(comparison, [BOTH])),
        ]),
      },
    ],
    aims: [
      {
        what: 'a listing of an account',
        aim: '≤ 1.50 × the slowest cluster’s',
        found: `${ratio(extra)} ×`,
        isReached: extra <= 1.5,
      },
    ],
    failures: failed === 0 ? [] : [`${failed} answers were not the right ones`],
    samples: Object.fromEntries(found.map(([{ what }, { samples }]) => [what, samples])),
  };
}
