// Who may do what is the same on every path: done here, answered from elsewhere because it has not come here yet, placed elsewhere, or while
// the local Swift is down. The same requests, sent straight to a Swift that has the object, say what is right.
import { beforeAll, describe, expect, it } from 'vitest';
import { clusters, freshUser, send, type User } from '../support/clusters.js';
import { sessionsOf, type Sessions } from '../support/containers.js';
import { planPort, startGateway } from '../support/extra-gateways.js';
import { shareToken } from '../support/shared-token.js';
import { tempUrl } from '../support/temp-url.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];
const ADMIN: User = { account: 'AUTH_admin', user: 'admin:admin', key: 'admin' };
const TEMP_URL_KEY = 'key-of-the-account';
const FRIEND = 'http://friend.example/page';

let owner: Sessions;
let reader: Sessions;
let writer: Sessions;
let stranger: Sessions;
let admin: Sessions;

beforeAll(async () => {
  const users = await Promise.all([freshUser(), freshUser(), freshUser(), freshUser()]);
  [owner, reader, writer, stranger, admin] = (await Promise.all([...users, ADMIN].map(sessionsOf))) as [
    ...[Sessions, Sessions, Sessions, Sessions, Sessions],
  ];
  await owner.via[one]!.request('POST', '', { 'X-Account-Meta-Temp-URL-Key': TEMP_URL_KEY });
});

interface Operation {
  readonly method: string;
  /** Below the container; '': the container itself. */
  readonly object: string;
}

const READS: readonly Operation[] = [
  { method: 'GET', object: '/o' },
  { method: 'HEAD', object: '/o' },
  { method: 'GET', object: '' },
  { method: 'HEAD', object: '' },
];
const WRITES: readonly Operation[] = [
  { method: 'PUT', object: '/p' },
  { method: 'POST', object: '/o' },
  { method: 'DELETE', object: '/p' },
];

/** What a client sends along at a cluster, and behind the path. */
type Client = (cluster: string, method: string, path: string) => { headers?: object; query?: string };

const withTokenOf =
  (sessions: () => Sessions): Client =>
  (cluster) => ({ headers: { 'X-Auth-Token': sessions().direct[cluster]!.token } });

const withTempUrl =
  (key: string, inSeconds: number): Client =>
  (_, method, path) => {
    const expires = Math.floor(Date.now() / 1000) + inSeconds;
    return { query: tempUrl(method, path, key, { expires }).slice(path.length) };
  };

const CLIENTS: Readonly<Record<string, Client>> = {
  'the owner': withTokenOf(() => owner),
  'who is named in the read ACL': withTokenOf(() => reader),
  'who is named in the write ACL': withTokenOf(() => writer),
  'another account': withTokenOf(() => stranger),
  'a reseller admin': withTokenOf(() => admin),
  'nobody': () => ({}),
  'who comes from a page that may': () => ({ headers: { Referer: FRIEND } }),
  'a wrong token': () => ({ headers: { 'X-Auth-Token': 'AUTH_tkwrong' } }),
  'a TempURL': withTempUrl(TEMP_URL_KEY, 300),
  'a TempURL that is over': withTempUrl(TEMP_URL_KEY, -300),
  'a TempURL of another key': withTempUrl('another-key', 300),
};

/** By the end of a container's name. */
function aclsOf(kind: string): Record<string, string> {
  const { user: reading } = reader.user;
  const { user: writing } = writer.user;
  switch (kind) {
    case 'named':
      return { 'X-Container-Read': reading, 'X-Container-Write': writing };
    case 'both':
      return { 'X-Container-Read': `${reading},${writing}`, 'X-Container-Write': writing };
    case 'public':
      return { 'X-Container-Read': '.r:*' };
    case 'listed':
      return { 'X-Container-Read': '.r:*,.rlistings' };
    case 'referred':
      return { 'X-Container-Read': '.r:friend.example,.rlistings' };
    default:
      return {};
  }
}

const KINDS = ['private', 'named', 'both', 'public', 'listed', 'referred'];

/** The statuses of all that a client may want, one after the other. */
async function tried(
  url: string,
  cluster: string,
  client: Client,
  container: string,
  operations: readonly Operation[],
): Promise<string> {
  const statuses: string[] = [];
  for (const { method, object } of operations) {
    const path = `/v1/${owner.user.account}/${container}${object}`;
    const { headers = {}, query = '' } = client(cluster, method, path);
    const body = method === 'PUT' ? 'written' : undefined;
    const { status, text } = await send(url, method, path + query, { ...headers }, body);
    // What nobody may see is in no answer either.
    const isShown = text.includes('the secret') && status !== 200 ? ', shown' : '';
    // A listing with nothing in it.
    const told = method === 'GET' && status === 204 ? 200 : status;
    statuses.push(`${method} ${object}: ${told}${isShown}`);
  }
  return statuses.join('\n');
}

/** A container of each kind, made at a gateway; its object put straight to a cluster. */
async function prepare(prefix: string, url: string, holders: readonly string[]): Promise<void> {
  const client = owner.via[one]!.at(url);
  for (const kind of KINDS) {
    expect((await client.request('PUT', `/${prefix}-${kind}`, aclsOf(kind))).status).toBe(201);
    for (const holder of holders)
      await owner.direct[holder]!.request('PUT', `/${prefix}-${kind}/o`, {}, 'the secret');
  }
}

/** The same as straight at a cluster that has it, for every client and every kind of container. */
async function expectAsStraight(
  url: string,
  prefixes: readonly [string, string],
  operations: readonly Operation[],
  exceptFor: (name: string) => string | undefined = () => undefined,
): Promise<void> {
  const [through, straight] = prefixes;
  for (const kind of KINDS) {
    for (const [name, client] of Object.entries(CLIENTS)) {
      const right = await tried(all[1]!.proxyUrl, two, client, `${straight}-${kind}`, operations);
      const found = await tried(url, one, client, `${through}-${kind}`, operations);
      expect(`${kind}, ${name}\n${found}`).toBe(`${kind}, ${name}\n${exceptFor(name) ?? right}`);
    }
  }
}

describe('every client may do the same', () => {
  beforeAll(() => prepare('straight', all[0]!.gatewayUrl, [two]));

  it('with what is here', async () => {
    await prepare('here', all[0]!.gatewayUrl, [one]);
    await expectAsStraight(all[0]!.gatewayUrl, ['here', 'straight'], [...READS, ...WRITES]);
  });

  it('with what has not come here yet', async () => {
    await prepare('yet', all[0]!.gatewayUrl, [two]);
    await expectAsStraight(all[0]!.gatewayUrl, ['yet', 'straight'], READS);
  });

  it('with what is placed on other clusters only', async () => {
    const conf = [['filter:placement', 'default', `${two}, ${three}`]] as const;
    const { url } = await startGateway(all[0]!, { conf });
    await prepare('elsewhere', url, [two]);
    await expectAsStraight(url, ['elsewhere', 'straight'], [...READS, ...WRITES]);
  });

  it('while the local Swift is down; who has a token of it alone learns nothing', async () => {
    const nobody = ['app:proxy', 'upstream', `http://127.0.0.1:${await planPort()}`] as const;
    const { url } = await startGateway(all[0]!, { conf: [nobody] });
    const unknown = READS.map(({ method, object }) => `${method} ${object}: 503`).join('\n');
    const hasToken = new Set(Object.keys(CLIENTS).filter((name) => !/nobody|page|TempURL/.test(name)));
    for (const kind of KINDS) {
      for (const [name, client] of Object.entries(CLIENTS)) {
        const right = await tried(all[1]!.proxyUrl, two, client, `straight-${kind}`, READS);
        const found = await tried(url, one, client, `straight-${kind}`, READS);
        const judged = await tried(all[1]!.proxyUrl, one, client, `straight-${kind}`, READS);
        // A peer's Swift takes an unknown token for nobody's: what everybody may read is read.
        const wanted = hasToken.has(name) ? judged.replaceAll(/: 40[13]/g, ': 503') : right;
        expect([kind, name, found]).toEqual([kind, name, wanted || unknown]);
      }
    }
  });

  it('while the local Swift is down, writes included, where all clusters know the tokens', async () => {
    for (const { direct } of [owner, reader, writer, stranger, admin])
      await shareToken(direct[one]!.token, all[0]!, all.slice(1));
    await prepare('down', all[0]!.gatewayUrl, [two]);
    const conf = [
      ['app:proxy', 'upstream', `http://127.0.0.1:${await planPort()}`],
      ...[
        ['filter:autosync', 'failover', 'all'],
        ['filter:autosync', 'read_order', two],
        ['filter:autosync', 'copy_jobs', 'false'],
      ],
    ] as [string, string, string][];
    const { url } = await startGateway(all[0]!, { conf });
    for (const kind of KINDS) {
      for (const [name, client] of Object.entries(CLIENTS)) {
        const operations = [...READS, ...WRITES];
        const right = await tried(all[1]!.proxyUrl, two, client, `straight-${kind}`, operations);
        const found = await tried(url, one, client, `down-${kind}`, operations);
        // A token that is known to nobody there may be one of the cluster that is down.
        const wanted = name === 'a wrong token' ? right.replaceAll(/: 40[13]/g, ': 503') : right;
        expect([kind, name, found]).toEqual([kind, name, wanted]);
      }
    }
  });
});
