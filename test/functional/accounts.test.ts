// Account changes: settings follow to all clusters; a deletion only after account_delete_delay, and not if it is taken back.
import { createHmac } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { REALM_NAME } from '../../src/local/plan.js';
import { formatTimestamp } from '../../src/swift/timestamp.js';
import { canonicalPath, signContainerSync } from '../../src/sync/container-sync-auth.js';
import {
  cluster,
  clusters,
  freshUser,
  healLinks,
  link,
  realm,
  restoreLinks,
  send,
  serviceUserOf,
  SwiftSession,
  type User,
} from '../support/clusters.js';
import {
  expectEverywhere,
  headEverywhere,
  putSame,
  sessionsOf,
  statusEverywhere,
  type Sessions,
} from '../support/containers.js';
import { reclaimAccount } from '../support/account-db.js';
import { pass } from '../support/daemon.js';
import { startGateway } from '../support/extra-gateways.js';

const all = clusters();
const names = all.map(({ name }) => name);
const [here, there, third] = names as [string, string, string];

let sessions: Sessions;
beforeAll(async () => {
  sessions = await sessionsOf(await freshUser());
});

/** The reseller admin, working on that account. */
function adminOf(account: string): User {
  return { account, user: 'admin:admin', key: 'admin' };
}

/** Expects account headers at every Swift, as its owner sees them. */
async function expectAccount(headers: Record<string, string | undefined>): Promise<void> {
  for (const [name, answer] of Object.entries(await headEverywhere(sessions, ''))) {
    for (const [header, value] of Object.entries(headers)) {
      expect(answer.headers[header.toLowerCase()], `${header} at ${name}`).toBe(value);
    }
  }
}

describe('account settings', () => {
  const settings = {
    'X-Account-Meta-Colour': 'green',
    'X-Account-Meta-Temp-URL-Key': 'first',
    'X-Account-Meta-Temp-URL-Key-2': 'second',
    'X-Account-Access-Control': '{"read-only":["t499:u"],"read-write":["t500:u"]}',
  };

  it('set at any cluster are set on all, and removed at any are removed on all', async () => {
    for (const [index, name] of names.entries()) {
      const answer = await sessions.via[name]!.request('POST', '', settings);
      expect([answer.status, answer.headers['x-autosync-pending']]).toEqual([204, undefined]);
      await expectAccount(settings);
      const removal = Object.keys(settings).map((header) =>
        index % 2 === 0 && header !== 'X-Account-Access-Control'
          ? [header.replace(/^X-/, 'X-Remove-'), 'x']
          : [header, ''],
      );
      const other = sessions.via[names[(index + 1) % names.length]!]!;
      const removed = await other.request('POST', '', Object.fromEntries(removal) as Record<string, string>);
      expect(removed.status).toBe(204);
      await expectAccount(Object.fromEntries(Object.keys(settings).map((header) => [header, undefined])));
    }
  });

  it('let a quota of the reseller admin follow, and its removal', async () => {
    const admin = await SwiftSession.login(all[0]!.gatewayUrl, adminOf(sessions.user.account));
    expect((await admin.request('POST', '', { 'X-Account-Meta-Quota-Bytes': '5000' })).status).toBe(204);
    await expectAccount({ 'X-Account-Meta-Quota-Bytes': '5000' });
    expect((await admin.request('POST', '', { 'X-Remove-Account-Meta-Quota-Bytes': 'x' })).status).toBe(204);
    await expectAccount({ 'X-Account-Meta-Quota-Bytes': undefined });
  });

  it('change only where the request names them', async () => {
    await sessions.direct[there]!.request('POST', '', { 'X-Account-Meta-Mine': 'there' });
    await sessions.via[here]!.request('POST', '', { 'X-Account-Meta-Other': 'here' });
    const found = (await headEverywhere(sessions, ''))[there]!.headers;
    expect(found).toMatchObject({ 'x-account-meta-mine': 'there', 'x-account-meta-other': 'here' });
  });
});

describe('an account that `accounts` does not name', () => {
  it('is not touched on peers, and its containers are not synced', async () => {
    const admin = await sessionsOf(adminOf('AUTH_admin'));
    await admin.via[here]!.request('POST', '', { 'X-Account-Meta-Only': 'here' });
    await admin.via[here]!.request('PUT', '/local-only');
    expect(await statusEverywhere(admin, '/local-only')).toEqual({ [here]: 204, [there]: 404, [third]: 404 });
    const found = await headEverywhere(admin, '');
    expect(found[here]!.headers['x-account-meta-only']).toBe('here');
    expect(found[there]!.headers).not.toHaveProperty('x-account-meta-only');
    const container = await headEverywhere(admin, '/local-only');
    expect(container[here]!.headers).not.toHaveProperty('x-container-sync-to');
  });

  it("is the service user's own, even where the patterns fit", async () => {
    const gateway = await startGateway(all[0]!, { conf: [['filter:autosync', 'accounts', 'AUTH_*']] });
    const service = await SwiftSession.login(gateway.url, serviceUserOf(all[0]!, 'AUTH_autosync'));
    const peer = await SwiftSession.login(all[1]!.proxyUrl, serviceUserOf(all[1]!, 'AUTH_autosync'));
    expect((await service.request('PUT', '/own')).status).toBe(201);
    await service.request('POST', '', { 'X-Account-Meta-Own': 'x' });
    expect((await service.request('HEAD', '/own')).headers).not.toHaveProperty('x-container-sync-to');
    expect((await peer.request('HEAD', '/own')).status).toBe(404);
    expect((await peer.request('HEAD', '')).headers).not.toHaveProperty('x-account-meta-own');
    expect((await service.request('DELETE', '/own')).status).toBe(204);
    await gateway.stop();
  });
});

describe('an account deletion', () => {
  const DAY_LATER_MS = 86_400_000 + 60_000;
  let kept: Sessions;
  let lost: Sessions;
  beforeEach(async () => {
    [kept, lost] = [await sessionsOf(await freshUser()), await sessionsOf(await freshUser())];
    for (const { via } of [kept, lost]) await via[here]!.request('PUT', '/c');
  });
  afterEach(healLinks);

  async function deleteAt(url: string, { user: { account } }: Sessions): Promise<void> {
    const admin = await SwiftSession.login(url, adminOf(account));
    const { status, headers } = await admin.request('DELETE', '');
    expect([status, headers['x-autosync-pending']]).toEqual([204, [there, third].join(', ')]);
    expect(headers).not.toHaveProperty('x-autosync-unrecorded');
  }

  /** The account's own findings of a pass of that cluster's daemon. */
  async function codes(name: string, { user }: Sessions, laterMs = 0): Promise<string[]> {
    const { findings } = await pass(name, user, laterMs);
    return findings
      .filter(({ account, container }) => account === user.account && container === undefined)
      .map(({ code }) => code);
  }

  async function isHere(name: string, { direct }: Sessions, path: string): Promise<boolean> {
    return (await direct[name]!.request('HEAD', path)).status < 300;
  }

  it('is carried out by each cluster after account_delete_delay, though the gateway that took it was killed', async () => {
    const gateway = await startGateway(all[0]!);
    await deleteAt(gateway.url, lost);
    await gateway.kill();
    expect(await codes(there, lost)).toEqual(['ACCOUNT_DELETING']);
    expect(await isHere(there, lost, '/c')).toBe(true);
    expect(await codes(there, lost, DAY_LATER_MS)).toEqual(['ACCOUNT_DELETED']);
    expect(await isHere(there, lost, '')).toBe(false);
    expect(await isHere(third, lost, '/c')).toBe(true);
    expect(await codes(third, lost, DAY_LATER_MS)).toEqual(['ACCOUNT_DELETED']);
    for (const name of names) expect(await codes(name, lost, DAY_LATER_MS)).toEqual([]);
  });

  it('is taken back at any cluster, once', async () => {
    await deleteAt(all[0]!.gatewayUrl, kept);
    const admin = await SwiftSession.login(all[2]!.gatewayUrl, adminOf(kept.user.account));
    const cancel = await admin.request('POST', '', { 'X-Autosync-Cancel-Delete': 'true' });
    expect([cancel.status, cancel.text]).toEqual([200, expect.stringContaining('goes no further')]);
    expect((await admin.request('POST', '', { 'X-Autosync-Cancel-Delete': 'true' })).status).toBe(404);
    for (const name of [there, third]) {
      expect(await codes(name, kept, DAY_LATER_MS)).toEqual([]);
      expect(await isHere(name, kept, '/c')).toBe(true);
    }
    expect(await codes(here, kept)).toEqual(['ACCOUNT_GONE']);
  });

  it.each([
    ['a container made', 'PUT', '/new', 201],
    ['the account changed', 'POST', '', 204],
  ])('is taken back everywhere by %s at another cluster', async (_, method, path, status) => {
    await deleteAt(all[0]!.gatewayUrl, kept);
    expect((await kept.via[there]!.request(method, path)).status).toBe(status);
    for (const name of [third, there]) {
      expect(await codes(name, kept, DAY_LATER_MS)).toEqual([]);
      expect(await isHere(name, kept, '/c')).toBe(true);
    }
  });

  it('reaches a peer that was away, unless something there is newer: objects count, and what was done past the gateways', async () => {
    const alsoKept = await sessionsOf(await freshUser());
    await alsoKept.via[here]!.request('PUT', '/c');
    for (const name of [here, there]) await link(name, third).cut();
    for (const each of [lost, kept, alsoKept]) await deleteAt(all[0]!.gatewayUrl, each);
    expect((await kept.via[third]!.request('PUT', '/c/o', {}, 'newer')).status).toBe(201);
    expect((await alsoKept.direct[third]!.request('PUT', '/made')).status).toBe(201);
    expect(await codes(there, kept, DAY_LATER_MS)).toEqual(['ACCOUNT_DELETED']);
    await restoreLinks();
    await pass(here, lost.user);
    expect(await codes(third, lost, DAY_LATER_MS)).toEqual(['ACCOUNT_DELETED']);
    expect(await codes(third, alsoKept)).toEqual(['ACCOUNT_KEPT']);
    expect(await codes(third, kept, DAY_LATER_MS)).toEqual(['ACCOUNT_KEPT']);
    expect((await kept.direct[third]!.request('GET', '/c/o')).text).toBe('newer');
    expect(await isHere(third, lost, '')).toBe(false);
    for (const name of [here, there]) expect(await codes(name, kept)).toEqual(['ACCOUNT_GONE']);
    expect(await codes(there, alsoKept, DAY_LATER_MS)).toEqual([]);
    expect(await isHere(there, alsoKept, '/c')).toBe(true);
  });

  it('that was taken back too late is undone when Swift has forgotten it, and deletes nothing elsewhere', async () => {
    await kept.via[here]!.request('POST', '/c', { 'X-Container-Meta-A': '1' });
    await pass(here, kept.user);
    await deleteAt(all[0]!.gatewayUrl, kept);
    await kept.via[there]!.request('POST', '');
    expect(await codes(here, kept)).toEqual(['ACCOUNT_GONE']);
    reclaimAccount(all[0]!, kept.user.account);
    await kept.direct[here]!.request('PUT', '/new');
    for (const name of names) await pass(name, kept.user);
    await expectEverywhere(kept, '/c', { 'X-Container-Meta-A': '1' });
    expect(await codes(here, kept)).toEqual([]);
  });

  it("lets Swift's reaper delete nothing on other clusters by container sync", async () => {
    await putSame(kept, '/c', 'o', 'x');
    const { headers } = await kept.direct[there]!.request('HEAD', '/c');
    const target = `/v1/${kept.user.account}/c/o`;
    const reap = (name: string): Promise<number> => {
      const timestamp = formatTimestamp(BigInt(Date.now()) * 100n);
      const proof = signContainerSync({
        ...{ method: 'DELETE', path: canonicalPath(target), timestamp, realm: REALM_NAME },
        ...{ realmKey: realm().realmKey, containerKey: headers['x-container-sync-key']! },
      });
      const sent = { 'X-Container-Sync-Auth': proof, 'X-Timestamp': timestamp };
      return send(cluster(name).gatewayUrl, 'DELETE', target, sent).then(({ status }) => status);
    };
    await deleteAt(all[0]!.gatewayUrl, kept);
    await kept.via[there]!.request('POST', '');
    expect(await reap(there)).toBe(403);
    expect(await isHere(there, kept, '/c/o')).toBe(true);
    // From the second cluster to the third it may be anybody's.
    expect(await reap(third)).toBe(204);
  });

  it('by somebody who may not is refused, and cancels nothing', async () => {
    const answer = await sessions.via[here]!.request('DELETE', '');
    expect(answer.status).toBe(403);
    expect(answer.headers).not.toHaveProperty('x-autosync-pending');
    const stranger = await SwiftSession.login(all[0]!.gatewayUrl, {
      ...(await freshUser()),
      account: sessions.user.account,
    });
    const cancel = await stranger.request('POST', '', { 'X-Autosync-Cancel-Delete': 'true' });
    expect(cancel.status).toBe(403);
  });
});

describe('requests on an account or container that are something else', () => {
  it.each(['POST', 'DELETE'])('%s ?bulk-delete deletes what it lists, not the account', async (method) => {
    await sessions.via[here]!.request('PUT', '/bulk');
    await sessions.via[here]!.request('PUT', '/bulk/a', {}, 'x');
    const headers = { 'Content-Type': 'text/plain', 'Accept': 'application/json' };
    const answer = await sessions.via[here]!.request(method, '?bulk-delete', headers, '/bulk/a\n');
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ 'Number Deleted': 1, 'Response Status': '200 OK' });
    expect(answer.headers).not.toHaveProperty('x-autosync-pending');
    expect((await sessions.direct[here]!.request('HEAD', '/bulk/a')).status).toBe(404);
    expect(await statusEverywhere(sessions, '/bulk')).toEqual({ [here]: 204, [there]: 204, [third]: 204 });
  });

  it('PUT ?extract-archive and form uploads pass', async () => {
    await sessions.via[here]!.request('PUT', '/unpacked');
    const folder = mkdtempSync(join(tmpdir(), 'autosync-test-'));
    writeFileSync(join(folder, 'file'), 'from the archive');
    const tar = execFileSync('tar', ['-C', folder, '-cf', '-', 'file']);
    rmSync(folder, { recursive: true });
    const archive = await sessions.via[here]!.request('PUT', '/unpacked?extract-archive=tar', {}, tar);
    expect(archive.status).toBe(200);
    expect((await sessions.via[here]!.request('GET', '/unpacked/file')).text).toBe('from the archive');

    const key = 'form-key';
    await sessions.via[here]!.request('POST', '', { 'X-Account-Meta-Temp-URL-Key': key });
    const path = `/v1/${sessions.user.account}/unpacked`;
    const expires = Math.floor(Date.now() / 1000) + 600;
    const signed = [path, '', 1000, 1, expires].join('\n');
    const fields = {
      redirect: '',
      max_file_size: '1000',
      max_file_count: '1',
      expires: String(expires),
      signature: createHmac('sha256', key).update(signed).digest('hex'),
    };
    const parts = Object.entries(fields).map(
      ([name, value]) => `--xx\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    const file =
      '--xx\r\nContent-Disposition: form-data; name="file1"; filename="up"\r\n\r\nfrom the form\r\n';
    const form = await sessions.via[here]!.request(
      'POST',
      '/unpacked',
      { 'Content-Type': 'multipart/form-data; boundary=xx' },
      `${parts.join('')}${file}--xx--\r\n`,
    );
    expect(form.status, form.text).toBe(201);
    expect((await sessions.via[here]!.request('GET', '/unpacked/up')).text).toBe('from the form');
  });
});
