// Whatever step of a change a gateway or a daemon dies at, all clusters agree after the daemons' next pass, and no client was lied to.
import { beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { eachLimited } from '../../src/lib/each-limited.js';
import { deletionOf } from '../../src/records/account-life.js';
import { archiveOf } from '../support/archive.js';
import { cluster, clusters } from '../support/clusters.js';
import { stateOf } from '../support/compare.js';
import { putSame } from '../support/containers.js';
import { autosync, pass, siteOf } from '../support/daemon.js';
import { startGateways, type ExtraGateway, type ExtraGateways } from '../support/extra-gateways.js';
import { sweep, type Held, type Subject, type Sweep } from '../support/sweep.js';
import {
  clientAsks,
  clientAsksForMany,
  clientAsksWhileDown,
  commandRuns,
  daemonPasses,
  gatewayStandsIn,
  lonelyGateway,
  peerTells,
} from '../support/victims.js';
import { note } from './notes.js';

const all = clusters();
const [one, two] = all.map(({ name }) => name) as [string, string];
/** A DELETE that was meant is over after two minutes. */
const AFTER_INTENTS_MS = 130_000;
/** account_delete_delay, and some. */
const AFTER_ACCOUNTS_MS = 86_400_000 + 130_000;

/** Of clusters one and two: what is done there no peer hears of. */
let lonely: Readonly<Record<string, ExtraGateway>>;
/** They look after no account. */
let leaving: ExtraGateways;
beforeAll(async () => {
  lonely = { [one]: await lonelyGateway(one), [two]: await lonelyGateway(two) };
  leaving = await startGateways([['filter:autosync', 'accounts', '!*']]);
});

async function ask(
  subject: Subject,
  url: string,
  method: string,
  headers = {},
  path = subject.path,
): Promise<void> {
  const name = all.find((each) => [each.gatewayUrl, lonely[each.name]?.url].includes(url))!.name;
  const { status, text } = await subject.direct[name]!.at(url).request(method, path, headers);
  expect(status, `${method} ${path}: ${text}`).toBeLessThan(300);
}

async function directly(
  subject: Subject,
  at: string,
  method: string,
  headers = {},
  path = subject.path,
): Promise<void> {
  const { status, text } = await subject.direct[at]!.request(method, path, headers);
  expect(status, `${method} ${path}: ${text}`).toBeLessThan(300);
}

const viaOne = cluster(one).gatewayUrl;

function nothing(): Promise<void> {
  return Promise.resolve();
}

/** The account has been used before. */
async function used(subject: Subject): Promise<void> {
  await ask(subject, viaOne, 'PUT', {}, '/used');
}

async function present(subject: Subject): Promise<void> {
  await ask(subject, viaOne, 'PUT', { 'X-Container-Meta-A': 'old', 'X-Container-Read': '.r:*' });
}

/** Two objects, the same everywhere; then deleted at one alone, as when container sync has not run since. */
async function emptiedHere(subject: Subject): Promise<void> {
  await present(subject);
  for (const object of ['o1', 'o2']) {
    await putSame(subject, subject.path, object, 'x');
    await directly(subject, one, 'DELETE', {}, `${subject.path}/${object}`);
  }
}

/** All daemons have seen the container as it is. */
async function presentAndSeen(subject: Subject): Promise<void> {
  await present(subject);
  for (const { name } of all) await pass(name, subject);
}

/** The pending note of a change that the peer has taken now. */
const NOTE_TAKEN_OFF = /^DELETE one:.*\/autosync\/p\//;
const NEW = { 'X-Container-Meta-A': 'new', 'X-Container-Write': 'a:b' };
const ARCHIVE = archiveOf(['o']);
const CHANGE = { 'X-Container-Meta-A': 'new', 'X-Remove-Container-Read': 'x' };

const setting = (held: Held, name: string): string | undefined => held?.settings[`x-container-${name}`];
const isGone = (held: Held): boolean => held === undefined;
const isThere = (held: Held): boolean => held !== undefined;
const isMade = (held: Held): boolean => setting(held, 'meta-a') === 'new' && setting(held, 'write') === 'a:b';
const isOld = (held: Held): boolean => setting(held, 'meta-a') === 'old' && setting(held, 'read') === '.r:*';
const isChanged = (held: Held): boolean =>
  setting(held, 'meta-a') === 'new' && setting(held, 'read') === undefined;
const isPut = (held: Held): boolean => setting(held, 'meta-a') === 'new' && setting(held, 'read') === '.r:*';
const isWhole = (held: Held): boolean => isOld(held) && held?.objects.length === 0;

/** No cluster's record says that the account is to be taken over, and its container is where it was. */
async function isNotRecorded({ direct, account, path }: Subject): Promise<boolean> {
  const records = await Promise.all(all.map(({ name }) => siteOf(name).records.read({ account })));
  if (records.some(({ desired }) => desired.size > 0)) return false;
  const held = await Promise.all(Object.values(direct).map((session) => stateOf(session, path.slice(1))));
  return held.every((each, i) => (all[i]!.name === two ? isMade(each) : isGone(each)));
}

/** Swift has deleted the account at one, and nobody knows: nothing else happens until the same DELETE comes again. */
async function isGoneUnheard({ direct, account, path }: Subject): Promise<boolean> {
  const records = await Promise.all(all.map(({ name }) => siteOf(name).records.read({ account })));
  if (records.some((record) => deletionOf(record) !== undefined)) return false;
  if ((await direct[one]!.request('HEAD', '')).status !== 410) return false;
  const others = all.filter(({ name }) => name !== one);
  const held = await Promise.all(others.map(({ name }) => stateOf(direct[name]!, path.slice(1))));
  return held.every(isWhole);
}

async function isAccountGone(_: Held, { direct }: Subject): Promise<boolean> {
  const answers = await Promise.all(Object.values(direct).map((session) => session.request('HEAD', '')));
  return answers.every(({ status }) => status === 410);
}

/** Nothing of ours is kept of it; what its owner set is as it was. */
async function hasLeft(held: Held, { account, path }: Subject): Promise<boolean> {
  const names = [{ account }, { account, container: path.slice(1) }];
  const records = await Promise.all(
    all.flatMap(({ name }) => names.map((each) => siteOf(name).records.read(each))),
  );
  return (
    records.every(({ desired }) => desired.size === 0) &&
    setting(held, 'sync-key') === undefined &&
    isOld(held)
  );
}

async function leaveOnceMore(accounts: readonly string[]): Promise<void> {
  await eachLimited(accounts, 2, async (account) => {
    const { code, stderr } = await autosync('leave', account, '--yes', '--conf', leaving[one]!.confFile);
    expect(code, stderr).toBe(0);
  });
}

async function accountMeta({ direct }: Subject): Promise<string[]> {
  const answers = await Promise.all(Object.values(direct).map((session) => session.request('HEAD', '')));
  return answers.map(({ headers }) => headers['x-account-meta-a'] ?? '');
}

const CLIENTS: readonly Sweep[] = [
  {
    change: 'container PUT, new',
    ...{ at: one, accounts: 'sweep', prepareAccount: used, prepare: nothing, isNew: isMade, isOld: isGone },
    start: clientAsks(one, 'PUT', 'container', NEW),
  },
  {
    change: 'container PUT, the first of its account',
    ...{ at: one, accounts: 'each', prepare: nothing, isNew: isMade, isOld: isGone },
    start: clientAsks(one, 'PUT', 'container', NEW),
  },
  {
    change: 'container PUT, there already',
    ...{ at: one, accounts: 'sweep', prepare: present, isNew: isPut, isOld },
    start: clientAsks(one, 'PUT', 'container', { 'X-Container-Meta-A': 'new' }),
  },
  {
    change: 'container POST, set and removed',
    ...{ at: one, accounts: 'sweep', prepare: present, isNew: isChanged, isOld },
    start: clientAsks(one, 'POST', 'container', CHANGE),
  },
  {
    change: 'container DELETE, empty',
    ...{ at: one, accounts: 'sweep', prepare: present, isNew: isGone, isOld: isWhole },
    ...{ start: clientAsks(one, 'DELETE', 'container'), laterMs: AFTER_INTENTS_MS },
  },
  {
    change: 'container DELETE, objects left on peers',
    ...{ at: one, accounts: 'sweep', prepare: emptiedHere, isNew: isGone, isOld },
    ...{ start: clientAsks(one, 'DELETE', 'container'), laterMs: AFTER_INTENTS_MS, areObjectsSynced: false },
  },
  {
    change: 'account POST',
    ...{ at: one, accounts: 'each', prepare: present },
    start: clientAsks(one, 'POST', 'account', { 'X-Account-Meta-A': 'new' }),
    isNew: async (_, subject) => (await accountMeta(subject)).every((value) => value === 'new'),
    isOld: async (_, subject) => (await accountMeta(subject)).every((value) => value === ''),
  },
  {
    change: 'account POST, the first of its account',
    ...{ at: one, accounts: 'each', prepare: nothing },
    start: clientAsks(one, 'POST', 'account', { 'X-Account-Meta-A': 'new' }),
    isNew: async (_, subject) => (await accountMeta(subject)).every((value) => value === 'new'),
    isOld: async (_, subject) => (await accountMeta(subject)).every((value) => value === ''),
  },
  {
    change: 'account DELETE',
    ...{ at: one, accounts: 'each', prepare: present, isNew: isAccountGone, isOld, isUnbegun: isGoneUnheard },
    ...{ start: clientAsks(one, 'DELETE', 'account'), laterMs: AFTER_ACCOUNTS_MS },
  },
  {
    change: 'bulk delete of a container',
    ...{ at: one, accounts: 'sweep', prepare: presentAndSeen, isNew: isGone, isOld: isWhole },
    start: clientAsksForMany(one, ({ path }) => ({
      ...{ method: 'POST', path: '?bulk-delete', headers: { 'Content-Type': 'text/plain' } },
      body: path,
    })),
  },
  {
    change: 'archive that makes a container',
    ...{ at: one, accounts: 'sweep', prepareAccount: used, prepare: nothing, isNew: isThere, isOld: isGone },
    areObjectsSynced: false,
    start: clientAsksForMany(one, ({ path }) => ({
      ...{ method: 'PUT', path: `${path}?extract-archive=tar`, body: ARCHIVE },
    })),
  },
];

const STAND_INS: readonly Sweep[] = [
  {
    change: 'container PUT, Swift down: the gateway asked',
    ...{ at: one, accounts: 'sweep', prepareAccount: used, prepare: nothing, isNew: isMade, isOld: isGone },
    start: clientAsksWhileDown(one, two, 'PUT', NEW),
  },
  {
    change: 'container PUT, Swift down: the gateway that does it',
    ...{ at: two, accounts: 'sweep', prepareAccount: used, prepare: nothing, isNew: isMade, isOld: isGone },
    start: gatewayStandsIn(two, one, 'PUT', NEW),
  },
  {
    change: 'container DELETE, Swift down: the gateway that does it',
    ...{ at: two, accounts: 'sweep', prepare: present, isNew: isGone, isOld: isWhole },
    ...{ start: gatewayStandsIn(two, one, 'DELETE'), laterMs: AFTER_INTENTS_MS },
  },
];

/** What is done at one through a gateway that reaches no peer, to a container that all have. */
function alone(method: string, headers = {}, before = present): Sweep['prepare'] {
  return async (subject) => {
    await before(subject);
    await ask(subject, lonely[one]!.url, method, headers);
  };
}

const PEERS: readonly Sweep[] = [
  {
    change: 'a container is new',
    ...{
      at: two,
      accounts: 'sweep',
      prepareAccount: used,
      prepare: alone('PUT', NEW, nothing),
      isNew: isMade,
    },
    start: peerTells(one, two),
  },
  {
    change: 'settings are new',
    ...{ at: two, accounts: 'sweep', prepare: alone('POST', CHANGE), isNew: isChanged },
    start: peerTells(one, two),
  },
  {
    change: 'a container is deleted',
    ...{ at: two, accounts: 'sweep', prepare: alone('DELETE'), isNew: isGone },
    start: peerTells(one, two),
  },
];

const DAEMONS: readonly Sweep[] = [
  {
    change: 'pending: a new container',
    ...{
      at: one,
      accounts: 'each',
      prepareAccount: used,
      prepare: alone('PUT', NEW, nothing),
      isNew: isMade,
    },
    ...{ start: daemonPasses(one), isAlone: true, until: NOTE_TAKEN_OFF },
  },
  {
    change: 'pending: a deletion, objects left on peers',
    ...{ at: one, accounts: 'each', prepare: alone('DELETE', {}, emptiedHere), isNew: isGone },
    ...{ start: daemonPasses(one), isAlone: true, until: NOTE_TAKEN_OFF },
  },
  {
    change: 'audit: a container is missing',
    ...{
      at: two,
      accounts: 'each',
      prepareAccount: used,
      prepare: alone('PUT', NEW, nothing),
      isNew: isMade,
    },
    start: daemonPasses(two),
  },
  {
    change: 'audit: settings differ',
    ...{ at: two, accounts: 'each', prepare: alone('POST', CHANGE), isNew: isChanged },
    start: daemonPasses(two),
  },
  {
    change: 'audit: deleted elsewhere',
    ...{ at: two, accounts: 'each', prepare: alone('DELETE'), isNew: isGone },
    start: daemonPasses(two),
  },
  {
    change: 'audit: made past the gateways',
    ...{ at: two, accounts: 'each', prepareAccount: used, isNew: isMade, start: daemonPasses(two) },
    prepare: (subject) => directly(subject, two, 'PUT', NEW),
  },
  {
    change: 'audit: changed past the gateways',
    ...{ at: two, accounts: 'each', isNew: isChanged, start: daemonPasses(two) },
    prepare: async (subject) => {
      await presentAndSeen(subject);
      await directly(subject, two, 'POST', CHANGE);
    },
  },
  {
    change: 'audit: deleted past the gateways',
    ...{ at: two, accounts: 'each', isNew: isGone, start: daemonPasses(two) },
    prepare: async (subject) => {
      await presentAndSeen(subject);
      await directly(subject, two, 'DELETE');
    },
  },
  {
    change: 'autosync adopt',
    ...{ at: two, accounts: 'each', isNew: isMade, isUnbegun: isNotRecorded },
    start: commandRuns(two, ['adopt', '{account}', '--conf', '{conf}']),
    prepare: (subject) => directly(subject, two, 'PUT', NEW),
  },
  {
    change: 'autosync leave',
    ...{
      at: one,
      accounts: 'each',
      prepare: present,
      isNew: hasLeft,
      hasLeft: true,
      complete: leaveOnceMore,
    },
    peerUrls: () => Object.fromEntries(Object.entries(leaving).map(([name, { url }]) => [name, url])),
    start: commandRuns(one, ['leave', '{account}', '--yes', '--conf', '{conf}'], () => [
      ['filter:autosync', 'accounts', '!*'],
      [`cluster:${one}`, 'gateway', leaving[one]!.url],
    ]),
  },
];

function byName(sweeps: readonly Sweep[]): (readonly [string, Sweep])[] {
  return sweeps.map((each) => [each.change, each] as const);
}

async function play([, spec]: readonly [string, Sweep], context: TestContext): Promise<void> {
  const report = await sweep(spec);
  const { change, steps, writes, deaths, passes, failures } = report;
  note(context, 'deaths', [change, steps, writes, deaths, passes, failures.length]);
  expect(failures).toEqual([]);
  expect(passes).toBe(1);
  expect(deaths).toBeGreaterThan(writes);
}

describe('when a gateway dies over a client’s change, nobody is lied to, and all clusters agree after one pass:', () => {
  it.for(byName(CLIENTS))('%s', play);
});

describe('when a gateway dies over a change while the client’s Swift is down, nobody is lied to, and all clusters agree after one pass:', () => {
  it.for(byName(STAND_INS))('%s', play);
});

describe('when a gateway dies over what a peer tells it, all clusters agree after one pass:', () => {
  it.for(byName(PEERS))('%s', play);
});

describe('when a daemon dies over its work, all clusters agree after the next pass:', () => {
  it.for(byName(DAEMONS))('%s', play);
});
