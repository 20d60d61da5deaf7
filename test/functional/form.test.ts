// Objects that a form uploads leave for the other clusters as those of any other upload do.
import { createHmac } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clusters, freshUser, send, waitFor, type Answer, type User } from '../support/clusters.js';
import { loginAt, startGateway, type ExtraGateways } from '../support/extra-gateways.js';
import { sessionsOf, type Sessions } from '../support/containers.js';
import { readMetrics } from '../support/metrics.js';

const all = clusters();
const one = all[0]!.name;
const others = all.slice(1).map(({ name }) => name);
const KEY = 'form-key';

let gateways: ExtraGateways;
let user: User;
let direct: Sessions['direct'];

beforeAll(async () => {
  gateways = { [one]: await startGateway(all[0]!, { conf: [['filter:autosync', 'copy_jobs', 'true']] }) };
});
beforeEach(async () => {
  user = await freshUser();
  direct = (await sessionsOf(user)).direct;
  const via = (await loginAt(gateways, user))[one]!;
  expect((await via.request('PUT', '/c', { 'X-Container-Meta-Temp-URL-Key': KEY })).status).toBe(201);
});

interface Form {
  /** Below the account. */
  readonly path: string;
  readonly files: Readonly<Record<string, string>>;
  readonly redirect?: string;
  readonly key?: string;
}

/** As a browser sends it: with no token, through the first gateway. */
function upload({ path, files, redirect = '', key = KEY }: Form): Promise<Answer> {
  const target = `/v1/${user.account}${path}`;
  const expires = String(Math.floor(Date.now() / 1000) + 600);
  const limits = ['10000000', '9', expires];
  const signature = createHmac('sha256', key)
    .update([decodeURIComponent(target), redirect, ...limits].join('\n'))
    .digest('hex');
  const [max_file_size, max_file_count] = limits as [string, string];
  const fields = { redirect, max_file_size, max_file_count, expires, signature };
  const disposition = (rest: string): string => `--xx\r\nContent-Disposition: form-data; ${rest}`;
  const parts = [
    ...Object.entries(fields).map(([name, value]) => `${disposition(`name="${name}"`)}\r\n\r\n${value}\r\n`),
    ...Object.entries(files).map(
      ([name, data]) =>
        `${disposition(`name="f"; filename="${name}"`)}\r\nContent-Type: text/x\r\n\r\n${data}\r\n`,
    ),
  ];
  const headers = { 'Content-Type': 'multipart/form-data; boundary=xx' };
  return send(gateways[one]!.url, 'POST', target, headers, `${parts.join('')}--xx--\r\n`);
}

async function expectEverywhere(path: string, body: string): Promise<void> {
  for (const name of others) {
    const answer = await waitFor(`${path} is at ${name}`, async () => {
      const found = await direct[name]!.request('GET', path);
      return found.status === 200 && found;
    });
    expect([answer.text === body, answer.headers['content-type']]).toEqual([true, 'text/x']);
  }
}

describe('a form', () => {
  it('into a container: each of its files is copied at once, whatever its name and length', async () => {
    const large = '\r\n--x'.repeat(100_000);
    const answer = await upload({ path: '/c', files: { 'a': 'A', 'b ä%20/x;y': 'B', 'large': large } });
    expect([answer.status, answer.text]).toEqual([201, '201 Created']);
    await expectEverywhere('/c/a', 'A');
    await expectEverywhere('/c/b%20%C3%A4%2520/x%3By', 'B');
    await expectEverywhere('/c/large', large);
  });

  it('with a prefix, and with a redirect', async () => {
    const redirect = 'http://example.com/done?a=b';
    const answer = await upload({ path: '/c/in%20-', files: { f: 'F' }, redirect });
    expect([answer.status, answer.headers['location']]).toEqual([303, `${redirect}&status=201&message=`]);
    await expectEverywhere('/c/in%20-f', 'F');
  });

  it('that Swift refuses makes no copier do anything', async () => {
    const taken = async (): Promise<number> => {
      const metrics = await readMetrics(gateways[one]!.adminUrl);
      return ['copied', 'there', 'refused', 'dropped'].reduce(
        (sum, outcome) => sum + (metrics.get('autosync_copies_total', { outcome }) ?? 0),
        0,
      );
    };
    const before = await taken();
    expect((await upload({ path: '/c', files: { f: 'F' }, key: 'wrong' })).status).toBe(401);
    expect((await upload({ path: '/c', files: { last: 'L' } })).status).toBe(201);
    await expectEverywhere('/c/last', 'L');
    await waitFor('both copies are counted', async () => (await taken()) >= before + others.length);
    expect(await taken()).toBe(before + others.length);
    expect((await direct[one]!.request('HEAD', '/c/f')).status).toBe(404);
  });
});
