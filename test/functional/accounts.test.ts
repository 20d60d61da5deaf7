// Account changes: settings follow to all clusters; a deletion only after account_delete_delay, and not if it is taken back.
import { createHmac } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { clusters, freshUser, serviceUserOf, SwiftSession, waitFor, type User } from '../support/clusters.js';
import { headEverywhere, sessionsOf, statusEverywhere, type Sessions } from '../support/containers.js';
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
  it('goes to the peers after account_delete_delay, unless it is taken back', async () => {
    const [kept, lost] = [await sessionsOf(await freshUser()), await sessionsOf(await freshUser())];
    const gateway = await startGateway(all[0]!, {
      conf: [['filter:autosync', 'account_delete_delay', '3']],
    });
    const admins = new Map<Sessions, SwiftSession>();
    for (const each of [kept, lost]) {
      await each.via[here]!.request('PUT', '/c');
      admins.set(each, await SwiftSession.login(gateway.url, adminOf(each.user.account)));
      const answer = await admins.get(each)!.request('DELETE', '');
      expect([answer.status, answer.headers['x-autosync-pending']]).toEqual([204, [there, third].join(', ')]);
    }
    expect((await statusEverywhere(kept, '/c'))[there]).toBe(204);
    const cancel = await admins.get(kept)!.request('POST', '', { 'X-Autosync-Cancel-Delete': 'true' });
    expect([cancel.status, cancel.text]).toEqual([200, expect.stringContaining('will not go')]);
    const again = await admins.get(kept)!.request('POST', '', { 'X-Autosync-Cancel-Delete': 'true' });
    expect(again.status).toBe(404);
    await waitFor('the other account is gone on all clusters', async () => {
      const answers = await statusEverywhere(lost, '');
      return Object.values(answers).every((status) => status === 410 || status === 404 || status === 403);
    });
    const found = await statusEverywhere(kept, '/c');
    expect([found[there], found[third]]).toEqual([204, 204]);
    await gateway.stop();
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
