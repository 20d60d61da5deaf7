// A static site whose pages are on other clusters only is shown through this cluster's gateway as it is there, to those whom this
// cluster's Swift lets in.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SERVED_BY } from '../support/as-there.js';
import { clusters, freshUser, link, restoreLinks, send, type Answer } from '../support/clusters.js';
import { putSame, sessionsOf, type Sessions } from '../support/containers.js';
import type { ExtraGateway } from '../support/extra-gateways.js';
import { startPlacing } from '../support/placing.js';
import { SwiftSession } from '../support/swift-client.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];
const OPEN = { 'X-Container-Read': '.r:*,.rlistings' };

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
});
afterEach(restoreLinks);

const pathOf = (path: string): string => `/v1/${sessions.user.account}${path}`;

/** A container with these settings, and its pages on both clusters that it is placed on. */
async function makeSite(headers: Record<string, string>, ...pages: string[]): Promise<void> {
  expect((await here.request('PUT', '/c', headers)).status).toBe(201);
  const direct = { [two]: sessions.direct[two]!, [three]: sessions.direct[three]! };
  for (const page of pages) await putSame({ direct }, '/c', page, `bytes of ${page}`);
}

/** The same through the gateway as at the cluster that has the pages, for nobody in particular. */
async function expectPage(path: string, method = 'GET', headers = {}): Promise<Answer> {
  const [got, wanted] = (await Promise.all(
    [gateway.url, all[1]!.proxyUrl].map((url) => send(url, method, pathOf(path), headers)),
  )) as [Answer, Answer];
  const seen = ({ status, text, headers: { etag, 'content-type': type } }: Answer): unknown => ({
    ...{ status, text, etag, type },
  });
  expect(seen(got), `${method} ${path}`).toEqual(seen(wanted));
  return got;
}

describe('a static site that is placed elsewhere', () => {
  it('shows its index, its pages and its error page', async () => {
    await makeSite(
      {
        ...OPEN,
        'X-Container-Meta-Web-Index': 'index.html',
        'X-Container-Meta-Web-Error': 'error.html',
      },
      'index.html',
      '404error.html',
      'page.html',
      'folder/index.html',
      'sub/deep/index.html',
    );
    for (const path of ['/c/', '/c/index.html', '/c/page.html', '/c/folder/', '/c/sub/deep/'])
      for (const method of ['GET', 'HEAD']) await expectPage(path, method);
    // A HEAD of such a page is a 500 of Swift's own.
    for (const path of ['/c/none', '/c/none/']) await expectPage(path);
    const index = await expectPage('/c/');
    expect([index.text, index.headers[SERVED_BY]]).toEqual(['bytes of index.html', two]);
    const error = await expectPage('/c/none');
    expect([error.status, error.text]).toEqual([404, 'bytes of 404error.html']);
    const again = await expectPage('/c/', 'GET', { 'If-None-Match': index.headers['etag'] });
    expect(again.status).toBe(304);
  });

  it('leads a folder without a slash to the one with it, on this very host', async () => {
    await makeSite(
      { ...OPEN, 'X-Container-Meta-Web-Index': 'index.html' },
      'index.html',
      'folder/index.html',
    );
    for (const path of ['/c', '/c/folder']) {
      const { status, headers } = await send(gateway.url, 'GET', pathOf(path));
      expect([status, new URL(headers['location']!, gateway.url).href]).toEqual([
        301,
        `${gateway.url}${pathOf(path)}/`,
      ]);
    }
  });

  it('lists what is in a folder that has no index', async () => {
    await makeSite(
      { ...OPEN, 'X-Container-Meta-Web-Listings': 'true' },
      'a.txt',
      'folder/b.txt',
      'ü/<x>.txt',
    );
    for (const path of ['/c/', '/c/folder/', '/c/%C3%BC/']) await expectPage(path);
    expect((await expectPage('/c/')).text).toContain('<a href="folder/">');
    expect((await expectPage('/c/empty/')).status).toBe(404);
  });

  it('takes an object that marks a folder for the folder', async () => {
    await makeSite({ ...OPEN, 'X-Container-Meta-Web-Index': 'index.html' }, 'folder/index.html');
    for (const name of [two, three])
      await sessions.direct[name]!.request(
        'PUT',
        '/c/folder/',
        { 'Content-Type': 'application/directory' },
        '',
      );
    expect((await expectPage('/c/folder/')).text).toBe('bytes of folder/index.html');
  });

  it('is shown to nobody whom the local Swift does not let in, and its owner sees objects', async () => {
    await makeSite({ 'X-Container-Meta-Web-Index': 'index.html' }, 'index.html');
    for (const path of ['/c', '/c/', '/c/index.html', '/c/folder/'])
      expect((await send(gateway.url, 'GET', pathOf(path))).status).toBe(401);
    expect((await here.request('GET', '/c/')).text).toBe('index.html\n');
    // A page is made by the Swift that has the objects, and that does not know this token.
    expect((await here.request('GET', '/c/', { 'X-Web-Mode': 'true' })).status).toBe(503);
  });

  it('is a 503 while no cluster that has it answers', async () => {
    await makeSite({ ...OPEN, 'X-Container-Meta-Web-Index': 'index.html' }, 'index.html');
    await link(one, two).cut();
    expect((await send(gateway.url, 'GET', pathOf('/c/'))).text).toBe('bytes of index.html');
    await link(one, three).cut();
    for (const path of ['/c/', '/c/folder/', '/c/none']) {
      const { status, headers } = await send(gateway.url, 'GET', pathOf(path));
      expect([path, status, headers['retry-after']]).toEqual([path, 503, '1']);
    }
  });
});
