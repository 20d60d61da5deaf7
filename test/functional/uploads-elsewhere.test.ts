// Archives and forms into containers that are placed on other clusters: their objects come to be there, and nowhere else.
import { createHmac } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { archiveOf } from '../support/archive.js';
import {
  cluster,
  clusters,
  freshUser,
  link,
  restoreLinks,
  send,
  serviceUserOf,
  waitFor,
  type Answer,
} from '../support/clusters.js';
import { SERVED_BY } from '../support/as-there.js';
import { sessionsOf, statusEverywhere, type Sessions } from '../support/containers.js';
import type { ExtraGateway } from '../support/extra-gateways.js';
import { startPlacing } from '../support/placing.js';
import { S3_PIPELINE } from '../support/s3.js';
import { SwiftSession } from '../support/swift-client.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];
const KEY = 'form-key';
const JSON_PLEASE = { Accept: 'application/json' };

let gateway: ExtraGateway;
let sessions: Sessions;
/** Through a gateway of the first cluster that places everything on the others. */
let here: SwiftSession;

beforeAll(async () => {
  gateway = await startPlacing({ default: `${two}, ${three}` });
});
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
  here = await SwiftSession.login(gateway.url, sessions.user);
  const headers = { 'X-Container-Meta-Temp-URL-Key': KEY };
  expect((await here.request('PUT', '/c', headers)).status).toBe(201);
});

async function expectOnlyElsewhere(path: string, text: string): Promise<void> {
  expect([path, (await statusEverywhere(sessions, path))[one]]).toEqual([path, 404]);
  expect((await here.request('GET', path)).text).toBe(text);
}

describe('an archive into a container that is placed elsewhere', () => {
  it('is unpacked there, and answered as by Swift', async () => {
    const put = await here.request('PUT', '/c?extract-archive=tar', JSON_PLEASE, archiveOf(['a', 'b/c']));
    expect([put.status, put.headers[SERVED_BY]]).toEqual([200, two]);
    expect(JSON.parse(put.text)).toEqual({
      ...{ 'Number Files Created': 2, 'Errors': [] },
      ...{ 'Response Status': '201 Created', 'Response Body': '' },
    });
    await expectOnlyElsewhere('/c/a', 'a');
    await expectOnlyElsewhere('/c/b/c', 'b/c');
  });

  it('into a folder of it, compressed, with metadata for all its objects', async () => {
    const headers = { 'X-Object-Meta-A': '1', 'X-Delete-After': '3600' };
    const tar = archiveOf(['o'], '-z');
    const put = await here.request('PUT', '/c/f%C3%A4/?extract-archive=tar.gz', headers, tar);
    expect(put.text).toContain('Number Files Created: 1');
    await expectOnlyElsewhere('/c/f%C3%A4/o', 'o');
    const { headers: said } = await here.request('HEAD', '/c/f%C3%A4/o');
    expect([said['x-object-meta-a'], said['x-delete-at'] !== undefined]).toEqual(['1', true]);
  });

  it('in chunks is what Swift makes of it', async () => {
    const [got, wanted] = await Promise.all(
      [here, sessions.direct[two]!].map((each) =>
        each.request('PUT', '/c?extract-archive=tar', {}, Readable.from([archiveOf(['o', 'p'])])),
      ),
    );
    expect(got!.text).toBe(wanted!.text);
  });

  it('is refused to whom Swift lets write nothing there, and where the account is full', async () => {
    const user = { ...(await freshUser()), account: sessions.user.account };
    const stranger = await SwiftSession.login(gateway.url, user);
    expect((await stranger.request('PUT', '/c?extract-archive=tar', {}, archiveOf(['o']))).status).toBe(403);
    const service = await SwiftSession.login(all[0]!.gatewayUrl, serviceUserOf(cluster(one), ''));
    const admin = service.in(sessions.user.account);
    expect((await admin.request('POST', '', { 'X-Account-Meta-Quota-Bytes': '15' })).status).toBe(204);
    expect((await here.request('PUT', '/c?extract-archive=tar', {}, archiveOf(['o']))).status).toBe(413);
    const chunked = Readable.from([archiveOf(['o'])]);
    expect((await here.request('PUT', '/c?extract-archive=tar', {}, chunked)).status).toBe(411);
    expect((await here.request('GET', '/c')).text).toBe('');
  });
});

describe('a cluster that is to unpack an archive', () => {
  it('has to have the container first, as it is to be', async () => {
    await link(one, two).cut();
    const made = await here.request('PUT', '/late');
    expect([made.status, made.headers['x-autosync-pending']]).toEqual([201, two]);
    await restoreLinks();
    await waitFor('it is back', async () => (await here.request('PUT', '/c/x')).headers[SERVED_BY] === two);
    const unpack = (): Promise<Answer> =>
      here.request('PUT', '/late?extract-archive=tar', {}, archiveOf(['o']));
    const refused = await unpack();
    expect([refused.status, refused.headers[SERVED_BY]]).toEqual([503, two]);
    expect((await sessions.direct[two]!.request('HEAD', '/late')).status).toBe(404);
    expect((await here.request('POST', '/late')).status).toBe(204);
    const put = await unpack();
    expect([put.status, put.headers[SERVED_BY]]).toEqual([200, two]);
    await expectOnlyElsewhere('/late/o', 'o');
  });

  describe('and whose Swift cannot', () => {
    const { control } = cluster(two);
    afterEach(async () => {
      await control.editConf('proxy', 'pipeline:main', 'pipeline', `${S3_PIPELINE} proxy-server`);
      await control.restartServer('proxy');
    });

    it('is not made to do something else with the rights of the service user', async () => {
      const pipeline = S3_PIPELINE.replace(' bulk ', ' ');
      await control.editConf('proxy', 'pipeline:main', 'pipeline', `${pipeline} proxy-server`);
      await control.restartServer('proxy');
      const access = { 'X-Container-Read': '.r:*' };
      const answer = await here.request('PUT', '/c?extract-archive=tar', access, archiveOf(['o']));
      expect([answer.status, answer.headers[SERVED_BY]]).toEqual([501, two]);
      const { headers } = await sessions.direct[two]!.request('HEAD', '/c');
      expect(headers['x-container-read']).toBeUndefined();
    });
  });
});

/** As a browser sends it: with no token. */
function upload(path: string, files: Readonly<Record<string, string>>, key = KEY): Promise<Answer> {
  const target = `/v1/${sessions.user.account}${path}`;
  const limits = ['10000000', '9', String(Math.floor(Date.now() / 1000) + 600)] as const;
  const signature = createHmac('sha256', key)
    .update([target, '', ...limits].join('\n'))
    .digest('hex');
  const [max_file_size, max_file_count, expires] = limits;
  const fields = { redirect: '', max_file_size, max_file_count, expires, signature };
  const part = (rest: string): string => `--xx\r\nContent-Disposition: form-data; ${rest}\r\n`;
  const parts = [
    ...Object.entries(fields).map(([name, value]) => `${part(`name="${name}"`)}\r\n${value}\r\n`),
    ...Object.entries(files).map(([name, data]) => `${part(`name="f"; filename="${name}"`)}\r\n${data}\r\n`),
  ];
  const headers = { 'Content-Type': 'multipart/form-data; boundary=xx' };
  return send(gateway.url, 'POST', target, headers, `${parts.join('')}--xx--\r\n`);
}

describe('a form into a container that is placed elsewhere', () => {
  it('is judged there by its own signature, and its files are there', async () => {
    const large = 'x'.repeat(200_000);
    const answer = await upload('/c', { a: 'A', large });
    expect([answer.status, answer.headers[SERVED_BY]]).toEqual([201, two]);
    await expectOnlyElsewhere('/c/a', 'A');
    await expectOnlyElsewhere('/c/large', large);
    expect((await upload('/c/in-', { f: 'F' })).status).toBe(201);
    await expectOnlyElsewhere('/c/in-f', 'F');
    expect((await upload('/c', { b: 'B' }, 'wrong')).status).toBe(401);
    expect((await here.request('HEAD', '/c/b')).status).toBe(404);
  });

  it('goes to the next of its clusters, and with none left the answer is 503', async () => {
    await link(one, two).cut();
    expect((await upload('/c', { a: 'A' })).headers[SERVED_BY]).toBe(three);
    await link(one, three).cut();
    const refused = await upload('/c', { b: 'B' });
    expect([refused.status, refused.headers['x-autosync-partial']]).toEqual([503, `${two}, ${three}`]);
    await restoreLinks();
    await waitFor('they are back', async () => (await upload('/c', { b: 'B' })).status === 201);
  });
});
