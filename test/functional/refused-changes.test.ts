// What the local Swift refuses, or drops without a word, happens on no cluster: nobody gets more done on a peer than here.
import { beforeAll, describe, expect, it } from 'vitest';
import { clusters, freshUser, send, type Headers } from '../support/clusters.js';
import {
  expectEverywhere,
  expectStatusEverywhere,
  headEverywhere,
  sessionsOf,
  type Sessions,
} from '../support/containers.js';

const names = clusters().map(({ name }) => name);
const [here, there] = names as [string, string];

let owner: Sessions;
let stranger: Sessions;
beforeAll(async () => {
  [owner, stranger] = await Promise.all([sessionsOf(await freshUser()), sessionsOf(await freshUser())]);
});

/** A request by somebody else, on the owner's account. */
function asStranger(via: string, method: string, path: string, headers: Record<string, string> = {}) {
  const { baseUrl, token } = stranger.via[via]!;
  return send(baseUrl, method, `/v1/${owner.user.account}${path}`, { ...headers, 'X-Auth-Token': token });
}

describe('a refused change leaves no trace on any cluster', () => {
  const refused: [what: string, status: number, headers: Headers][] = [
    ['with a value that is too long', 400, { 'X-Container-Meta-A': 'x'.repeat(300) }],
    ['with a name that is too long', 400, { [`X-Container-Meta-${'a'.repeat(200)}`]: 'x' }],
    ['with an ACL that cannot be read', 400, { 'X-Container-Write': '.r:*' }],
    ['with a quota that is no number', 400, { 'X-Container-Meta-Quota-Bytes': 'a lot' }],
  ];
  it.each(refused)('%s: %i', async (what, status, headers) => {
    const path = `/${encodeURIComponent(what)}`;
    expect((await owner.via[here]!.request('PUT', path, headers)).status).toBe(status);
    await expectStatusEverywhere(owner, path, 404);
    await owner.via[here]!.request('PUT', path, { 'X-Container-Meta-A': 'kept', 'X-Container-Read': 't9:u' });
    expect((await owner.via[there]!.request('POST', path, headers)).status).toBe(status);
    await expectEverywhere(owner, path, { 'X-Container-Meta-A': 'kept', 'X-Container-Read': 't9:u' });
  });

  it('by somebody without rights, or with a wrong token or none', async () => {
    await owner.via[here]!.request('PUT', '/mine', { 'X-Container-Meta-A': 'kept' });
    const url = owner.via[here]!.baseUrl;
    const target = `/v1/${owner.user.account}/mine`;
    for (const method of ['PUT', 'POST', 'DELETE']) {
      const change = { 'X-Container-Meta-A': 'changed' };
      expect((await asStranger(here, method, '/mine', change)).status, method).toBe(403);
      const wrong = await send(url, method, target, { ...change, 'X-Auth-Token': 'AUTH_tkwrong' });
      expect(wrong.status, method).toBe(401);
      expect((await send(url, method, target, change)).status, method).toBe(401);
    }
    expect((await asStranger(here, 'PUT', '/theirs')).status).toBe(403);
    await expectEverywhere(owner, '/mine', { 'X-Container-Meta-A': 'kept' });
    await expectStatusEverywhere(owner, '/theirs', 404);
  });

  it('of an account', async () => {
    const { baseUrl, token } = stranger.via[here]!;
    const change = { 'X-Account-Meta-A': 'changed', 'X-Auth-Token': token };
    expect((await send(baseUrl, 'POST', `/v1/${owner.user.account}`, change)).status).toBe(403);
    const quota = await owner.via[here]!.request('POST', '', { 'X-Account-Meta-Quota-Bytes': '1' });
    expect(quota.status).toBe(403);
    for (const answer of Object.values(await headEverywhere(owner, ''))) {
      expect(answer.headers).not.toHaveProperty('x-account-meta-a');
      expect(answer.headers).not.toHaveProperty('x-account-meta-quota-bytes');
    }
  });
});

describe('a non-owner whom the account lets read and write', () => {
  const privileged = {
    'X-Container-Read': '.r:*',
    'X-Container-Write': 'evil:u',
    'X-Container-Sync-To': '//local/two/AUTH_evil/c',
    'X-Container-Sync-Key': 'evil',
    'X-Container-Sharding': 'true',
    'X-Container-Meta-Temp-URL-Key': 'evil',
    'X-Container-Meta-Temp-URL-Key-2': 'evil',
  };
  const notSet = {
    'X-Container-Read': undefined,
    'X-Container-Write': undefined,
    'X-Container-Meta-Temp-URL-Key': undefined,
    'X-Container-Meta-Temp-URL-Key-2': undefined,
  };
  const ownersOwn = {
    'X-Container-Read': 't9:u',
    'X-Container-Write': 't9:u',
    'X-Container-Meta-Temp-URL-Key': 'good',
    'X-Container-Meta-Temp-URL-Key-2': 'better',
  };

  beforeAll(async () => {
    const acl = JSON.stringify({ 'read-write': [stranger.user.user] });
    const answer = await owner.via[here]!.request('POST', '', { 'X-Account-Access-Control': acl });
    expect(answer.status).toBe(204);
  });

  it('creates a container everywhere, synced, with nothing set that only owners may', async () => {
    expect((await asStranger(here, 'PUT', '/by-stranger', privileged)).status).toBe(201);
    await expectEverywhere(owner, '/by-stranger', notSet);
    await expectUntouched('/by-stranger');
  });

  it.each(['PUT', 'POST'])('changes nothing of that on an existing container by %s', async (method) => {
    const path = `/owned-${method}`;
    await owner.via[here]!.request('PUT', path, ownersOwn);
    const answer = await asStranger(there, method, path, { ...privileged, 'X-Container-Meta-Note': 'hi' });
    expect(answer.status).toBe(method === 'PUT' ? 202 : 204);
    await expectEverywhere(owner, path, { ...ownersOwn, 'X-Container-Meta-Note': 'hi' });
    await expectUntouched(path);
  });

  it('removes by X-Remove-… what Swift itself lets them remove, and no more', async () => {
    const removal = Object.keys(privileged).map((name) => [name.replace(/^X-/, 'X-Remove-'), 'x'] as const);
    await owner.via[here]!.request('PUT', '/removed', ownersOwn);
    await owner.direct[here]!.request('PUT', '/removed-direct', ownersOwn);
    const { baseUrl, token } = stranger.direct[here]!;
    const headers = { ...Object.fromEntries(removal), 'X-Auth-Token': token };
    await send(baseUrl, 'POST', `/v1/${owner.user.account}/removed-direct`, headers);
    await asStranger(here, 'POST', '/removed', Object.fromEntries(removal));
    const told = (await headEverywhere(owner, '/removed-direct'))[here]!.headers;
    const left = Object.keys(ownersOwn).map((name) => [name, told[name.toLowerCase()]] as const);
    await expectEverywhere(owner, '/removed', Object.fromEntries(left));
    await expectUntouched('/removed');
  });

  it('does not carry an older ACL of one cluster over a newer one of another', async () => {
    await owner.via[here]!.request('PUT', '/newer-there', { 'X-Container-Read': 't8:u' });
    await owner.direct[there]!.request('POST', '/newer-there', { 'X-Container-Read': 't9:u' });
    await asStranger(here, 'POST', '/newer-there', { 'X-Container-Read': '.r:*' });
    const found = await headEverywhere(owner, '/newer-there');
    expect(found[there]!.headers['x-container-read']).toBe('t9:u');
  });

  /** No foreign sync settings, and no sharding, on any cluster. */
  async function expectUntouched(path: string): Promise<void> {
    for (const [name, { headers }] of Object.entries(await headEverywhere(owner, path))) {
      expect(headers['x-container-sync-to'], name).toContain(owner.user.account);
      expect(headers['x-container-sync-key'], name).not.toBe('evil');
      expect(headers['x-container-sharding'] ?? 'False', name).toBe('False');
    }
  }
});
