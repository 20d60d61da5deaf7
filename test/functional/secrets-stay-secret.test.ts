// Keys and tokens are in no log of a gateway and in no answer to anyone but the owner.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clusters, freshUser, realm, send } from '../support/clusters.js';
import { headEverywhere, sessionsOf } from '../support/containers.js';
import { loginAt, startGateways } from '../support/extra-gateways.js';

/** All that gateways logged in this run, those of other test files included. */
function gatewayLogs(): string {
  const files = clusters().flatMap(({ plan }) => {
    const folder = join(plan.folder, 'log');
    const names = readdirSync(folder).filter((name) => /^(?:gateway|extra-)/.test(name));
    return names.map((name) => join(folder, name));
  });
  return files.map((file) => readFileSync(file, 'utf8')).join('');
}

describe('what gateways log at their most talkative, and answer to strangers', () => {
  it('holds no realm key, container key, secret, service key or token', async () => {
    const sessions = await sessionsOf(await freshUser());
    const stranger = await freshUser();
    const gateways = await startGateways([['DEFAULT', 'log_level', 'DEBUG']]);
    const [via, strange] = await Promise.all([loginAt(gateways, sessions.user), loginAt(gateways, stranger)]);
    const own = {
      'X-Container-Sync-To': '//local/two/a/b',
      'X-Container-Sync-Key': 'an owner’s'.slice(0, 8),
    };
    await via['one']!.request('PUT', '/c', { ...own, 'X-Container-Meta-Temp-URL-Key': 'temp-url-key-1' });
    await via['two']!.request('POST', '/c', { 'X-Versions-Enabled': 'true' });
    await via['three']!.request('POST', '/c', { 'X-Container-Read': 'bad acl,:' });
    await via['one']!.request('PUT', '/d');
    await via['one']!.request('DELETE', '/d');
    const heads = Object.values(await headEverywhere(sessions, '/c'));

    const answers = [];
    const path = `/v1/${sessions.user.account}`;
    for (const { url } of Object.values(gateways)) {
      for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']) {
        for (const target of [path, `${path}/c`, `${path}/c/o?temp_url_sig=0&temp_url_expires=4000000000`]) {
          const token = { 'X-Auth-Token': strange['one']!.token };
          answers.push(await send(url, method, target, token), await send(url, method, target));
          const forged = { 'X-Container-Sync-Auth': 'LOCAL nonce 0000', 'X-Timestamp': '1' };
          answers.push(await send(url, method, target, forged));
          answers.push(await send(url, method, target, { 'X-Autosync-Signature': 'forged', ...token }));
        }
      }
    }
    const secretLines = clusters().flatMap(({ swiftDir }) =>
      readFileSync(join(swiftDir, 'autosync-secrets'), 'utf8').match(/[0-9a-f]{64}/g)!,
    );
    const secrets = [
      realm().realmKey,
      'temp-url-key-1',
      ...secretLines,
      ...clusters().map(({ plan }) => plan.serviceKey),
      ...heads.map(({ headers }) => headers['x-container-sync-key']).filter((key) => key !== undefined),
      ...[sessions.via, sessions.direct, via, strange].flatMap((all) =>
        Object.values(all).map((session) => session.token),
      ),
    ];
    const said = answers.map(({ rawHeaders, text }) => `${rawHeaders.join('\n')}\n${text}`).join('\n');
    const logs = gatewayLogs();
    expect(logs).toContain('peer request');
    for (const [index, secret] of secrets.entries()) {
      expect(secret.length).toBeGreaterThan(8);
      expect(logs.includes(secret), `secret ${index} in a log`).toBe(false);
      expect(said.includes(secret), `secret ${index} in an answer`).toBe(false);
    }
    // A service user's token, of which the tests know nothing but the form.
    expect(logs).not.toMatch(/AUTH_tk[0-9a-f]{32}/);
  });
});
