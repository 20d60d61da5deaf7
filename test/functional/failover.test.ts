// While a cluster's Swift is down, its gateway has reads answered by the others; who may read what, their Swift decides.
import { beforeAll, describe, expect, it } from 'vitest';
import { clusters, freshUser, send, waitFor, type Answer } from '../support/clusters.js';
import { putSame, sessionsOf, type Sessions } from '../support/containers.js';
import { outageOf } from '../support/outage.js';
import { exchange } from '../support/raw-http.js';
import { planPort, startGateway, type ExtraGateway } from '../support/extra-gateways.js';
import { tempUrl } from '../support/temp-url.js';

const all = clusters();
const [one] = all.map(({ name }) => name) as [string];
const SERVED_BY = 'x-autosync-served-by';
const TEMP_URL_KEY = 'key-of-the-account';

let sessions: Sessions;
/** Gateways of the first cluster whose Swift nobody can reach. */
let cutOff: ExtraGateway;
let withoutFailover: ExtraGateway;

beforeAll(async () => {
  const nobody = ['app:proxy', 'upstream', `http://127.0.0.1:${await planPort()}`] as const;
  [cutOff, withoutFailover] = await Promise.all([
    startGateway(all[0]!, { conf: [nobody] }),
    startGateway(all[0]!, { conf: [nobody, ['filter:autosync', 'failover', 'none']] }),
  ]);
  sessions = await sessionsOf(await freshUser());
  const via = sessions.via[one]!;
  await via.request('POST', '', { 'X-Account-Meta-Temp-URL-Key': TEMP_URL_KEY });
  await via.request('PUT', '/public', { 'X-Container-Read': '.r:*,.rlistings' });
  await via.request('PUT', '/private');
  for (const container of ['/public', '/private']) await putSame(sessions, container, 'o', 'hello');
});

const get = (path: string, headers = {}, at = cutOff): Promise<Answer> =>
  send(at.url, 'GET', `/v1/${sessions.user.account}${path}`, headers);

describe('while no proxy server of the local Swift answers', () => {
  it('public objects and listings are read from the other clusters', async () => {
    const object = await get('/public/o', { Range: 'bytes=1-3' });
    expect([object.status, object.text]).toEqual([206, 'ell']);
    expect(object.headers[SERVED_BY]).toMatch(/two|three/);
    const head = await send(cutOff.url, 'HEAD', `/v1/${sessions.user.account}/public/o`);
    expect([head.status, head.headers['content-length']]).toEqual([200, '5']);
    expect((await get('/public?format=json')).text).toContain('"name": "o"');
  });

  it('a TempURL is good', async () => {
    const path = `/v1/${sessions.user.account}/private/o`;
    const by = (key: string): Promise<Answer> => send(cutOff.url, 'GET', tempUrl('GET', path, key));
    expect((await by(TEMP_URL_KEY)).text).toBe('hello');
    expect((await by('another')).status).toBe(401);
  });

  it('nobody reads what is private, and a token of this cluster alone is a 503 that says why', async () => {
    expect((await get('/private/o')).status).toBe(401);
    expect((await get('/private')).status).toBe(401);
    const answer = await get('/private/o', { 'X-Auth-Token': sessions.via[one]!.token });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(answer.text).toContain('one identity service');
  });

  it('headers of whatever name do no harm', async () => {
    const head = `GET /v1/${sessions.user.account}/public/o HTTP/1.1\r\nHost: x\r\nX-Object-Meta-\u00e9: 1\r\n\r\n`;
    const port = Number(new URL(cutOff.url).port);
    const answer = await exchange(port, 'GET', [Buffer.from(head, 'latin1')]);
    expect([answer.status, answer.body.toString()]).toEqual([200, 'hello']);
    const withBody = await send(cutOff.url, 'GET', `/v1/${sessions.user.account}/public/o`, {}, 'abc');
    expect(withBody.text).toBe('hello');
  });

  it('what is nowhere else is a 503, and no 404', async () => {
    expect((await get('/public/none')).status).toBe(503);
  });

  it('changes are refused as they always were', async () => {
    const path = `/v1/${sessions.user.account}/public/o`;
    const answer = await send(cutOff.url, 'PUT', path, { 'X-Auth-Token': sessions.via[one]!.token }, 'x');
    expect(answer.status).toBe(503);
  });

  it('failover = none keeps reads here', async () => {
    expect((await get('/public/o', {}, withoutFailover)).status).toBe(503);
  });

  it.each([
    ['/healthcheck', 200, 200],
    ['/healthcheck/ready', 200, 503],
    ['/healthcheck/local', 503, 503],
  ])('%s is %d, without failover %d', async (path, status, without) => {
    expect((await send(cutOff.url, 'GET', path)).status).toBe(status);
    expect((await send(withoutFailover.url, 'GET', path)).status).toBe(without);
    expect((await send(all[0]!.gatewayUrl, 'GET', path)).status).toBe(200);
  });
});

describe('a cluster that is killed and started again', () => {
  const outage = outageOf(all[0]!, ['proxy', 'account', 'container', 'object']);

  it('loses no client that reads what is public through its gateway', async () => {
    const failed: string[] = [];
    const servedBy = new Set<string>();
    const reading = { isOver: false };
    const reader = (async () => {
      while (!reading.isOver) {
        const path = `/v1/${sessions.user.account}/public/o`;
        const answer = await send(all[0]!.gatewayUrl, 'GET', path);
        if (answer.status !== 200 || answer.text !== 'hello') failed.push(`${answer.status} ${answer.text}`);
        servedBy.add(answer.headers[SERVED_BY] ?? one);
      }
    })();
    await outage.begin();
    await waitFor('others serve', () => [...servedBy].some((name) => name !== one));
    await outage.end();
    servedBy.clear();
    await waitFor('it serves again', () => servedBy.has(one));
    reading.isOver = true;
    await reader;
    expect(failed).toEqual([]);
  });
});
