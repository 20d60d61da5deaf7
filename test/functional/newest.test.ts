// X-Newest: true gives the newest of all clusters that hold an object, and says which of them did not say.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SERVED_BY } from '../support/as-there.js';
import { clusters, freshUser, link, restoreLinks, waitFor } from '../support/clusters.js';
import { sessionsOf, type Sessions } from '../support/containers.js';
import { startGateway, type ExtraGateway } from '../support/extra-gateways.js';
import { SwiftSession, type Answer } from '../support/swift-client.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];
const PARTIAL = 'x-autosync-partial';
const NEWEST = { 'X-Newest': 'true' };

let gateway: ExtraGateway;
let sessions: Sessions;
let here: SwiftSession;

beforeAll(async () => {
  gateway = await startGateway(all[0]!, {
    conf: [
      ['filter:placement', 'rule_away', `AUTH_*/away* -> ${two}, ${three}`],
      ['filter:autosync', 'peer_probe_interval', '0.2'],
      ['filter:autosync', 'fallback_timeout', '3'],
      // The older copy is where it is asked for first.
      ['filter:autosync', 'read_order', two],
    ],
  });
});
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
  here = await SwiftSession.login(gateway.url, sessions.user);
});
afterEach(restoreLinks);

/** Also where a cluster was away in the test before. */
async function putEverywhere(container: string): Promise<void> {
  await waitFor('no cluster is behind', async () => {
    const { headers } = await here.request('PUT', container);
    return headers['x-autosync-pending'] === undefined;
  });
}

/** Past the gateways: nothing copies what is written so. */
async function writeAt(name: string, path: string, body: string): Promise<void> {
  expect((await sessions.direct[name]!.request('PUT', path, {}, body)).status).toBe(201);
}

function newest(path: string, method = 'GET'): Promise<Answer> {
  return here.request(method, path, NEWEST);
}

describe.each([
  ['that is placed here as well, and is not here', '/c'],
  ['that is placed elsewhere', '/away'],
])('of an object %s', (_, container) => {
  beforeEach(async () => {
    await putEverywhere(container);
    await writeAt(two, `${container}/o`, 'old');
    await writeAt(three, `${container}/o`, 'newer');
  });

  it('is the newest of the others', async () => {
    expect((await here.request('GET', `${container}/o`)).text).toBe('old');
    const answer = await newest(`${container}/o`);
    expect([answer.text, answer.headers[SERVED_BY], answer.headers[PARTIAL]]).toEqual([
      'newer',
      three,
      undefined,
    ]);
    const head = await newest(`${container}/o`, 'HEAD');
    expect([head.status, head.headers['content-length']]).toEqual([200, '5']);
  });

  it('is a 404 where it was deleted after that', async () => {
    await sessions.direct[two]!.request('DELETE', `${container}/o`);
    expect((await newest(`${container}/o`)).status).toBe(404);
  });

  it('is what the others say while one of them is away, which is named', async () => {
    await link(one, three).cut();
    const answer = await newest(`${container}/o`);
    expect([answer.text, answer.headers[SERVED_BY], answer.headers[PARTIAL]]).toEqual(['old', two, three]);
  });

  it('is not waited for longer than fallback_timeout', async () => {
    await link(one, two).blackhole();
    const answer = await newest(`${container}/o`);
    expect([answer.text, answer.headers[PARTIAL]]).toEqual(['newer', two]);
  });

  it('of one that nobody has is a 404, and says who did not say', async () => {
    expect((await newest(`${container}/none`)).status).toBe(404);
    await link(one, three).cut();
    const answer = await newest(`${container}/none`);
    expect([answer.status, answer.headers[PARTIAL]]).toEqual([container === '/c' ? 404 : 503, three]);
  });
});

describe('of an object that is here', () => {
  beforeEach(async () => {
    await putEverywhere('/c');
    await writeAt(one, '/c/o', 'first');
  });

  it('names who did not say, whoever has the newest', async () => {
    await link(one, three).cut();
    const local = await newest('/c/o');
    expect([local.text, local.headers[SERVED_BY], local.headers[PARTIAL]]).toEqual([
      'first',
      undefined,
      three,
    ]);
    await writeAt(two, '/c/o', 'second');
    const answer = await newest('/c/o');
    expect([answer.text, answer.headers[SERVED_BY], answer.headers[PARTIAL]]).toEqual(['second', two, three]);
  });

  it('is a 404 where a third cluster deleted it after the newest copy', async () => {
    await writeAt(two, '/c/o', 'second');
    await writeAt(three, '/c/o', 'third');
    await sessions.direct[three]!.request('DELETE', '/c/o');
    expect((await newest('/c/o')).status).toBe(404);
    await writeAt(two, '/c/o', 'fourth');
    expect((await newest('/c/o')).text).toBe('fourth');
  });

  it('is a 404 where it was deleted here after the newest copy', async () => {
    await writeAt(two, '/c/o', 'second');
    await sessions.direct[one]!.request('DELETE', '/c/o');
    expect((await newest('/c/o')).status).toBe(404);
  });

  it('leads through a link that is newest there', async () => {
    await writeAt(two, '/c/target', 'target');
    await sessions.direct[two]!.request('PUT', '/c/o', { 'X-Symlink-Target': 'c/target' });
    expect((await newest('/c/o')).text).toBe('target');
  });
});
