// Takes what is ours off one account, or all of them, at every cluster: here with this program's own hands, at the peers through
// their gateways. Only what no gateway looks after any more; to be broken off and repeated at any time.
import {
  leaveContainers,
  leaveRecords,
  leaveStore,
  type ContainersStep,
  type RecordsStep,
} from '../converge/leave.js';
import { isAmong } from '../config/glob.js';
import { AutosyncError } from '../lib/errors.js';
import type { Peer } from '../peers/peer.js';
import type { Keeper } from '../records/keeper.js';
import { recordedAccounts } from '../records/rows.js';
import { audienceFor, type BaseSite } from '../site/site.js';
import { encodeName } from '../swift/path.js';

/** What came of one account at one cluster. */
export interface Leaving {
  readonly cluster: string;
  readonly account: string;
  readonly containers: number;
  /** Containers that sync-to and key were taken off (in a dry run: would be). */
  readonly synced: number;
  /** Objects of ours that were (would be) removed; of a very large account, in a dry run, at least so many. */
  readonly records: number;
  /** Among them changes that a peer did not take, and will not. */
  readonly pending: number;
  /** What is in the way; empty: all is done. */
  readonly trouble: readonly string[];
}

export interface LeaveReport {
  readonly isDryRun: boolean;
  readonly accounts: readonly Leaving[];
  /** Where all accounts leave: what is in the way of taking our container away, by cluster; '' for nothing. */
  readonly stores: Readonly<Record<string, string>>;
}

/** One cluster's, as it can be asked. Each rejects with an AutosyncError; a retry may help. */
interface Place {
  readonly cluster: string;
  accounts(): Promise<readonly string[]>;
  containers(account: string, after: string): Promise<ContainersStep>;
  records(account: string): Promise<RecordsStep>;
  store(): Promise<string | undefined>;
}

const MAX_TROUBLE = 20;

/**
 * @param onStep is told after each second or so of work
 * @throws AutosyncError CONFIG_INVALID where an account is still among `accounts`; what this cluster's Swift throws. Peers that
 * are away are named in the report.
 */
export async function leave(
  site: BaseSite,
  records: Keeper,
  options: {
    readonly account?: string;
    readonly isDryRun: boolean;
    readonly onStep?: (now: Leaving) => void;
  },
): Promise<LeaveReport> {
  const { account: only, isDryRun, onStep = () => undefined } = options;
  if (only !== undefined) expectNotOurs(site, [only]);
  const { peers } = audienceFor(site, site.clusters.all());
  const places = [here(site, records, isDryRun), ...peers.map((peer) => there(peer, isDryRun))];
  const lists = await Promise.all(
    places.map((place) => ask(() => (only === undefined ? place.accounts() : Promise.resolve([only])))),
  );
  const own = await site.ownAccount();
  const all = new Set(lists.flatMap(({ answer = [] }) => answer));
  const accounts = [...all].filter((account) => account !== own).sort();
  expectNotOurs(site, accounts);
  const stores: Record<string, string> = {};
  const leavings = await Promise.all(
    places.map(async (place, i) => {
      const away = lists[i]?.trouble;
      const left: Leaving[] = [];
      if (away === undefined)
        for (const account of accounts) left.push(await leaveAt(place, account, isDryRun, onStep));
      if (only === undefined) stores[place.cluster] = away ?? (await takeStore(place));
      return left;
    }),
  );
  return { isDryRun, accounts: leavings.flat(), stores };
}

async function takeStore(place: Place): Promise<string> {
  const { answer, trouble } = await ask(() => place.store());
  return trouble ?? answer ?? '';
}

/** A change by a client would take it back. */
function expectNotOurs(site: BaseSite, accounts: readonly string[]): void {
  const ours = accounts.filter((account) => site.options.isAccountOurs(account));
  if (ours.length === 0) return;
  const [first = ''] = ours;
  const more = ours.length > 1 ? ` and ${ours.length - 1} more are` : ' is';
  throw new AutosyncError(
    'CONFIG_INVALID',
    `${first}${more} among [filter:autosync] accounts. Take them out on all clusters (accounts = ${[...site.options.accounts, `!${first}`].join(', ')}; ` +
      'accounts = !* for all), restart gateways and daemons, and run this again.',
  );
}

async function leaveAt(
  place: Place,
  account: string,
  isDryRun: boolean,
  onStep: (now: Leaving) => void,
): Promise<Leaving> {
  const { cluster } = place;
  const trouble: string[] = [];
  const sum = { containers: 0, synced: 0, records: 0, pending: 0 };
  const say = (): void => onStep({ cluster, account, ...sum, trouble });
  const note = (text: string): void => {
    if (trouble.length < MAX_TROUBLE) trouble.push(text);
  };
  for (let after: string | undefined = ''; after !== undefined;) {
    const from: string = after;
    const { answer, trouble: why } = await ask(() => place.containers(account, from));
    if (why !== undefined) note(why);
    sum.containers += answer?.containers ?? 0;
    sum.synced += answer?.synced ?? 0;
    for (const { container, detail } of answer?.failed ?? []) note(`${container}: ${detail}`);
    after = answer?.next;
    say();
  }
  // The records stay until all containers are done: by them whoever repeats this finds the account.
  for (let isDone = trouble.length > 0; !isDone;) {
    const { answer, trouble: why } = await ask(() => place.records(account));
    if (why !== undefined) note(why);
    sum.records += answer?.records ?? 0;
    sum.pending += answer?.pending ?? 0;
    isDone = answer?.isDone !== false || isDryRun;
    say();
  }
  return { cluster, account, ...sum, trouble };
}

interface Asked<T> {
  readonly answer?: T;
  readonly trouble?: string;
}

async function ask<T>(question: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { answer: await question() };
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    return { trouble: error.detail || error.message };
  }
}

function here(site: BaseSite, records: Keeper, isDryRun: boolean): Place {
  return {
    cluster: site.clusters.mine,
    accounts: () => recordedAccounts(records),
    async containers(account, after) {
      if (after === '') await expectGatewayLeft(site, account);
      return leaveContainers(site, records, { account, after, isDryRun });
    },
    records: (account) => leaveRecords(site, records, { account, isDryRun }),
    store: () => leaveStore(records, isDryRun),
  };
}

/** A gateway of this cluster that runs with an older configuration would take the account back; peers' see to that themselves. */
async function expectGatewayLeft({ clusters }: BaseSite, account: string): Promise<void> {
  const asked = await clusters.gateway(clusters.mine)?.send({ method: 'GET', target: '/info' });
  if (asked?.kind !== 'answer' || asked.answer.status !== 200) return;
  const { accounts = [] } = JSON.parse(asked.answer.body.toString('utf8')) as {
    accounts?: readonly string[];
  };
  if (isAmong(accounts, account))
    throw new AutosyncError(
      'CONFIG_INVALID',
      `The gateway of this cluster still looks after ${account}: restart it.`,
    );
}

function there(peer: Peer, isDryRun: boolean): Place {
  const question = async <T>(part: string, query = ''): Promise<T> => {
    const method = isDryRun || part === 'accounts' ? 'GET' : 'POST';
    const result = await peer.send({ method, target: `/autosync/leave/${part}${query}` });
    if (result.kind === 'unreachable') throw new AutosyncError('PEER_UNREACHABLE', result.detail);
    const { status, reason, body } = result.answer;
    const text = body.toString('utf8');
    if (status !== 200) throw new AutosyncError('PEER_UNREACHABLE', `${status} ${reason}: ${text.trim()}`);
    return JSON.parse(text) as T;
  };
  return {
    cluster: peer.name,
    accounts: () => question('accounts'),
    containers: (account, after) =>
      question('containers', `?account=${encodeName(account)}&after=${encodeName(after)}`),
    records: (account) => question('records', `?account=${encodeName(account)}`),
    store: async () => (await question<{ left?: string }>('store')).left,
  };
}
