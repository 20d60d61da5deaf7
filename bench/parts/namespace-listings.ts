// GET and HEAD of a container whose 10,000 objects are all on the other cluster; against what either cluster's own Swift takes for it: this
// one's, which lists nothing, for the rights, and the other's for the rows.
import { LocalError } from '../../src/local/local-error.js';
import { SwiftSession } from '../../test/support/swift-client.js';
import type { Bench } from '../bench.js';
import { ratio } from '../numbers.js';
import type { PartReport } from '../report.js';
import { putObjectRows } from './container-rows.js';
import { startCopyRealm, USER } from './copy-realm.js';
import { startSecondGateway, type SecondGateway } from './second-gateway.js';
import { askBoth, failuresOf, overheadOf, samplesOf, tableOf, type Found } from './two-swifts.js';

const CONTAINER = 'elsewhere';
const OBJECTS = 10_000;
const QUESTIONS = [
  { what: 'GET, JSON', method: 'GET', path: `/${CONTAINER}?format=json` },
  { what: 'GET, XML', method: 'GET', path: `/${CONTAINER}?format=xml` },
  { what: 'GET, text', method: 'GET', path: `/${CONTAINER}` },
  { what: 'GET, JSON, limit=1000', method: 'GET', path: `/${CONTAINER}?format=json&limit=1000` },
  { what: 'GET, JSON, limit=10', method: 'GET', path: `/${CONTAINER}?format=json&limit=10` },
  { what: 'HEAD', method: 'HEAD', path: `/${CONTAINER}` },
] as const;

export async function benchListings(bench: Bench): Promise<PartReport> {
  const began = performance.now();
  const { realm, writer, reader } = await startCopyRealm(bench, 3_600);
  let second: SecondGateway | undefined;
  try {
    second = await startSecondGateway(realm, 'one', [['filter:placement', 'default', 'two']]);
    const gateway = await SwiftSession.login(second.url, USER);
    const { status } = await gateway.request('PUT', `/${CONTAINER}`);
    if (status !== 201) throw new LocalError(`PUT of a container: ${status}`);
    bench.say(`${OBJECTS} objects are put into the container`);
    await putObjectRows(realm.cluster('two'), USER.account, CONTAINER, OBJECTS);
    const { headers } = await gateway.request('HEAD', `/${CONTAINER}`);
    if (headers['x-container-object-count'] !== String(OBJECTS))
      throw new LocalError(`The gateway counts ${headers['x-container-object-count'] ?? 'no'} objects.`);
    const asked = { here: writer['container sync'], there: reader, gateway };
    const found = await askBoth(bench, asked, QUESTIONS, bench.isQuick ? 15 : 60);
    return report(found, (performance.now() - began) / 1000);
  } finally {
    await second?.server.stop();
    await realm.stop();
  }
}

function report(found: readonly Found[], seconds: number): PartReport {
  const [json] = found;
  const extra = json === undefined ? NaN : overheadOf(json);
  const objects = OBJECTS.toLocaleString('en-US');
  return {
    part: 'namespace-listings',
    seconds,
    tables: [tableOf(`A container of ${objects} objects that are elsewhere, ms`, found)],
    aims: [
      {
        what: 'a listing of a container that is elsewhere',
        aim: '≤ 1.15 × the slower Swift’s',
        found: `${ratio(extra)} ×`,
        isReached: extra <= 1.15,
      },
    ],
    failures: failuresOf(found),
    samples: samplesOf(found),
  };
}
