// GET and HEAD of an account of 10,000 containers whose objects are all on the other cluster, so that every row is put together of both;
// against what either cluster's own Swift takes for it.
import { LocalError } from '../../src/local/local-error.js';
import type { Bench } from '../bench.js';
import { ratio } from '../numbers.js';
import type { PartReport } from '../report.js';
import { putRows } from './account-rows.js';
import { makeContainers, startCopyRealm, USER } from './copy-realm.js';
import { askBoth, failuresOf, overheadOf, samplesOf, tableOf, type Found } from './two-swifts.js';

const CONTAINERS = 10_000;
const QUESTIONS = [
  { what: 'GET, JSON', method: 'GET', path: '?format=json' },
  { what: 'GET, XML', method: 'GET', path: '?format=xml' },
  { what: 'GET, text', method: 'GET', path: '?format=plain' },
  { what: 'GET, JSON, limit=1000', method: 'GET', path: '?format=json&limit=1000' },
  { what: 'HEAD', method: 'HEAD', path: '' },
] as const;

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
    const { headers } = await gateway.request('HEAD', '');
    if (headers['x-account-object-count'] !== String(3 * (CONTAINERS - 1)))
      throw new LocalError(`The gateway counts ${headers['x-account-object-count'] ?? 'no'} objects.`);
    const found = await askBoth(bench, { here, there, gateway }, QUESTIONS, bench.isQuick ? 5 : 25);
    return report(found, (performance.now() - began) / 1000);
  } finally {
    await copyRealm.realm.stop();
  }
}

function report(found: readonly Found[], seconds: number): PartReport {
  const [json] = found;
  const extra = json === undefined ? NaN : overheadOf(json);
  const containers = CONTAINERS.toLocaleString('en-US');
  return {
    part: 'namespace-accounts',
    seconds,
    tables: [tableOf(`An account of ${containers} containers whose objects are elsewhere, ms`, found)],
    aims: [
      {
        what: 'a listing of an account',
        aim: '≤ 1.50 × the slowest cluster’s',
        found: `${ratio(extra)} ×`,
        isReached: extra <= 1.5,
      },
    ],
    failures: failuresOf(found),
    samples: samplesOf(found),
  };
}
