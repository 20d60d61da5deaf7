// What a change is answered when not every cluster can do it: `consistency`, and what a peer's trouble costs.
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  clusters,
  connectionsOver,
  freshUser,
  link,
  restoreLinks,
  SwiftSession,
  waitFor,
} from '../support/clusters.js';
import { expectEverywhere, sessionsOf, statusEverywhere, type Sessions } from '../support/containers.js';
import { startGateway } from '../support/extra-gateways.js';

const all = clusters();
const [here, there, third] = all.map(({ name }) => name) as [string, string, string];

let sessions: Sessions;
beforeAll(async () => {
  sessions = await sessionsOf(await freshUser());
});
afterEach(restoreLinks);

/** A session at a gateway of the first cluster with these options. */
async function gatewayWith(options: Record<string, string>): Promise<SwiftSession> {
  const conf = Object.entries({ peer_probe_interval: '0.2', ...options });
  const { url } = await startGateway(all[0]!, {
    conf: conf.map(([key, value]) => ['filter:autosync', key, value] as const),
  });
  return SwiftSession.login(url, sessions.user);
}

const pending = 'x-autosync-pending';

describe('consistency = eventual', () => {
  it("answers with the local Swift's success, and names who is behind until it is back", async () => {
    const session = await gatewayWith({ consistency: 'eventual' });
    await link(here, third).cut();
    const answer = await session.request('PUT', '/eventual', { 'X-Container-Meta-A': '1' });
    expect([answer.status, answer.headers[pending]]).toEqual([201, third]);
    expect(await statusEverywhere(sessions, '/eventual')).toEqual({
      [here]: 204,
      [there]: 204,
      [third]: 404,
    });
    await link(here, third).restore();
    await waitFor(`${third} is used again`, async () => {
      const again = await session.request('PUT', '/eventual');
      return again.headers[pending] === undefined;
    });
    await expectEverywhere(sessions, '/eventual', { 'X-Container-Meta-A': '1' });
  });

  it('waits for a silent peer no longer than peer_timeout, and then not at all', async () => {
    const session = await gatewayWith({ peer_timeout: '3', peer_probe_interval: '3600' });
    await link(here, third).blackhole();
    const first = await session.request('PUT', '/silent-peer');
    expect([first.status, first.headers[pending]]).toEqual([201, expect.stringContaining(third)]);
    const opened = await connectionsOver(here, third);
    for (let i = 0; i < 5; i += 1) {
      const next = await session.request('POST', '/silent-peer', { 'X-Container-Meta-A': String(i) });
      expect([next.status, next.headers[pending]]).toEqual([204, expect.stringContaining(third)]);
    }
    expect(await connectionsOver(here, third), 'connections to a peer known to be down').toBe(opened);
  });

  it('tells all peers at the same time', async () => {
    const session = await gatewayWith({ peer_timeout: '50' });
    const before = await Promise.all([connectionsOver(here, there), connectionsOver(here, third)]);
    await link(here, there).blackhole();
    await link(here, third).blackhole();
    let isAnswered = false;
    const answer = session.request('PUT', '/parallel').finally(() => (isAnswered = true));
    await waitFor('both peers are asked', async () => {
      const now = await Promise.all([connectionsOver(here, there), connectionsOver(here, third)]);
      return now[0] > before[0] && now[1] > before[1];
    });
    expect(isAnswered).toBe(false);
    await restoreLinks();
    expect((await answer).headers[pending]).toBe([there, third].join(', '));
  });
});

describe('consistency = strict', () => {
  it('is 503 unless all have it, and says as JSON or text what each cluster said', async () => {
    const session = await gatewayWith({ consistency: 'strict' });
    expect((await session.request('PUT', '/strict-fine')).status).toBe(201);
    await link(here, third).cut();
    const json = await session.request('PUT', '/strict', { Accept: 'application/json' });
    expect([json.status, json.headers[pending], json.headers['retry-after']]).toEqual([503, third, '1']);
    expect(json.headers['content-type']).toBe('application/json');
    const { clusters: told } = JSON.parse(json.text) as { clusters: Record<string, { status?: number }> };
    expect(Object.keys(told).sort()).toEqual([here, there, third].sort());
    expect(told[here]).toMatchObject({ isDone: true, status: 201 });
    expect(told[there]).toMatchObject({ isDone: true });
    expect(told[third]).toMatchObject({
      isDone: false,
      detail: expect.stringContaining('reached') as string,
    });
    const text = await session.request('PUT', '/strict');
    expect([text.status, text.headers['content-type']]).toEqual([503, 'text/plain; charset=UTF-8']);
    for (const name of [here, there, third]) expect(text.text).toContain(`${name}: `);
    await link(here, third).restore();
    await waitFor('repeating the request completes it', async () => {
      return (await session.request('PUT', '/strict')).status === 202;
    });
    await expectEverywhere(sessions, '/strict');
  });

  it('answers a DELETE with the worst status that is not 404', async () => {
    const session = await gatewayWith({ consistency: 'strict', delete_probe_limit: '0' });
    for (const path of ['/strict-delete', '/strict-gone']) await session.request('PUT', path);
    await sessions.direct[there]!.request('PUT', '/strict-delete/object', {}, 'x');
    const conflict = await session.request('DELETE', '/strict-delete', { Accept: 'application/json' });
    expect(conflict.status).toBe(409);
    // Container sync may have brought the object to the third cluster by now.
    expect(conflict.headers[pending]).toContain(there);
    expect(JSON.parse(conflict.text)).toMatchObject({ clusters: { [there]: { status: 409 } } });
    await sessions.direct[third]!.request('DELETE', '/strict-gone');
    expect((await session.request('DELETE', '/strict-gone')).status).toBe(204);
  });

  it("hands on the local Swift's refusal as it is", async () => {
    const session = await gatewayWith({ consistency: 'strict' });
    const headers = { 'X-Container-Meta-A': 'x'.repeat(300) };
    const told = await sessions.direct[here]!.request('PUT', '/strict-refused', headers);
    const answer = await session.request('PUT', '/strict-refused', headers);
    expect([answer.status, answer.text]).toEqual([told.status, told.text]);
  });
});

describe('consistency = quorum', () => {
  it('takes two of three for a success, and one for none', async () => {
    const session = await gatewayWith({ consistency: 'quorum' });
    await link(here, third).cut();
    const two = await session.request('PUT', '/quorum');
    expect([two.status, two.headers[pending]]).toEqual([201, third]);
    await link(here, there).cut();
    const one = await session.request('PUT', '/quorum');
    expect([one.status, one.headers[pending]]).toEqual([503, [there, third].join(', ')]);
  });
});
