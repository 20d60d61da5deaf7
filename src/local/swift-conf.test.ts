import { describe, expect, it } from 'vitest';
import { renderGatewayConf } from './gateway-conf.js';
import type { ClusterPlan, ClusterSettings } from './plan.js';
import { renderSwiftFiles, SWIFT_PIPELINE } from './swift-conf.js';
import { TEST_USERS } from './users.js';

const plan: ClusterPlan = {
  name: 'one',
  folder: '/data/one',
  serviceKey: 'secret',
  hashSuffix: 'suffix',
  ports: { memcached: 1, account: 2, container: 3, object: 4, proxy: 5, gateway: 6, admin: 7 },
};
const settings: ClusterSettings = {
  users: TEST_USERS,
  policies: [{ name: 'gold' }, { name: 'old', isDeprecated: true }],
  pipeline: SWIFT_PIPELINE,
  syncInterval: 5,
  updaterInterval: 300,
  daemons: [],
  accounts: 'AUTH_test*',
  logLevel: 'INFO',
  gatewayBindIp: '127.0.0.1',
  user: 'me',
};
const realm = { key: 'realm key', endpoints: { one: 'http://a/v1/', two: 'http://b/v1/' } };

describe('the files of a cluster', () => {
  it('keep everything in the cluster’s own folder and on loopback', () => {
    const text = Object.values(renderSwiftFiles(plan, settings, realm)).join('\n');
    expect(text).not.toMatch(/\/etc\/swift|\/var\/|\/srv\/|0\.0\.0\.0/);
  });

  it('name every policy, user and peer', () => {
    const files = renderSwiftFiles(plan, settings, realm);
    expect(files['swift.conf']).toContain('[storage-policy:1]\nname = old\ndeprecated = yes');
    expect(files['proxy-server.conf']).toContain('user_test_tester = testing .admin');
    expect(files['proxy-server.conf']).toContain('user_autosync_service = secret .admin .reseller_admin');
    expect(files['container-sync-realms.conf']).toContain('cluster_two = http://b/v1/');
  });

  it('take overrides, and the hook has the last word on autosync.conf', () => {
    const chosen: ClusterSettings = {
      ...settings,
      proxyConf: { 'filter:gatekeeper': { shunt_inbound_x_timestamp: false } },
      gatewayConf: { 'filter:autosync': { consistency: 'strict', accounts: null } },
      rewriteGatewayConf: (text, { name }) => `# ${name}\n${text}`,
    };
    expect(renderSwiftFiles(plan, chosen, realm)['proxy-server.conf']).toContain(
      '[filter:gatekeeper]\nuse = egg:swift#gatekeeper\nshunt_inbound_x_timestamp = false',
    );
    const text = renderGatewayConf(plan, chosen, ['one', 'two']);
    expect(text).toMatch(/^# one\n\[DEFAULT\]/);
    expect(text).toContain('consistency = strict');
    expect(text).not.toContain('accounts');
  });
});
