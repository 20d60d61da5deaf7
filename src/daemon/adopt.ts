// Takes an account's containers from before our time over: from then on every audit, on every cluster, does so.
import { mergeJoin } from '../lib/merge-join.js';
import type { Keeper } from '../records/keeper.js';
import { DESIRED } from '../records/record.js';
import { newestVersion, register, type Register } from '../records/register.js';
import { audienceFor, requireOurs, type BaseSite } from '../site/site.js';
import { readContainerState } from '../swift/container-state.js';
import { swiftTarget } from '../swift/path.js';
import type { Settings } from '../swift/settings.js';
import { isSuccess } from '../swift/swift-client.js';
import { audit } from './audit.js';
import { listContainers, localSource, peerSource, type Source } from '../converge/cluster-listing.js';
import { PassCount, type PassReport } from './report.js';

/**
 * Takes the account over, here now and on the other clusters with their next audit. Where clusters hold containers of one
 * name, the settings of the one with the newest Last-Modified win.
 *
 * @throws AutosyncError CONFIG_INVALID for an account that is not among `accounts`; RECORDS_UNAVAILABLE
 */
export async function adoptAccount(site: BaseSite, records: Keeper, account: string): Promise<PassReport> {
  requireOurs(site, account);
  await noteAdopted(records, account);
  return audit(site, records, {
    isDryRun: false,
    lookEvery: 1,
    turn: 0,
    forgetAfterMs: Infinity,
    account,
    isAdopting: true,
  });
}

/**
 * What that would mean: every container that is not everywhere, and every setting that differs. Changes nothing.
 *
 * @throws AutosyncError CONFIG_INVALID, PEER_UNREACHABLE, SWIFT_REFUSED and what Swift's client throws
 */
export async function planAdoption(site: BaseSite, account: string): Promise<PassReport> {
  requireOurs(site, account);
  const startedAt = new Date(site.now()).toISOString();
  const sources = [localSource(site), ...audienceFor(site, site.clusters.all()).peers.map(peerSource)];
  const count = new PassCount();
  count.accounts = 1;
  for await (const { key: container, values } of mergeJoin(
    sources.map((source) => listContainers(source, account)),
  )) {
    count.containers += 1;
    const holders = sources.filter((_, i) => values[i] !== undefined);
    for (const { cluster } of sources.filter((source) => !holders.includes(source)))
      count.add({
        account,
        container,
        cluster,
        code: 'CONTAINER_MISSING',
        detail: 'made here',
        outcome: 'mended',
      });
    if (holders.length < 2) continue;
    count.looked += 1;
    for (const { cluster, detail } of await differences(holders, account, container))
      count.add({ account, container, cluster, code: 'SETTINGS_DRIFT', detail, outcome: 'mended' });
  }
  return {
    cluster: site.clusters.mine,
    isDryRun: true,
    startedAt,
    finishedAt: new Date(site.now()).toISOString(),
    ...count.summary(),
    unreachable: [],
  };
}

async function noteAdopted(records: Keeper, account: string): Promise<void> {
  const clock = await records.clock();
  await records.change({ account }, (current) => {
    const version = clock.next(newestVersion(current.desired, current.seen));
    const desired = new Map<string, Register>();
    if (current.desired.get(DESIRED.adopted)?.value !== 'all')
      desired.set(DESIRED.adopted, register('all', version));
    if (!current.desired.has(DESIRED.life)) desired.set(DESIRED.life, register('present', version));
    return { desired };
  });
}

/** What the others would take over from the one that was changed last. */
async function differences(
  holders: readonly Source[],
  account: string,
  container: string,
): Promise<{ cluster: string; detail: string }[]> {
  const found = await Promise.all(
    holders.map(async ({ cluster, ask }) => {
      const { status, headers } = await ask('HEAD', swiftTarget(account, container));
      const dateMs = Date.parse(headers.get('last-modified') ?? '');
      const settings: Settings = isSuccess(status) ? readContainerState(headers).settings : new Map();
      return { cluster, dateMs: Number.isNaN(dateMs) ? 0 : dateMs, settings };
    }),
  );
  const newest = found.reduce((a, b) => (b.dateMs > a.dateMs ? b : a));
  return found.flatMap(({ cluster, settings }) => {
    const differing = [...newest.settings.keys()].filter(
      (name) => settings.get(name) !== newest.settings.get(name),
    );
    const detail = `${differing.join(', ')}: as on ${newest.cluster}`;
    return differing.length === 0 ? [] : [{ cluster, detail }];
  });
}
