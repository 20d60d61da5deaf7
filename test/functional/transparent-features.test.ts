// What clients do with Swift, feature by feature: the same through the gateway as directly.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cluster, waitFor } from '../support/clusters.js';
import { tempUrl, type TempUrlOptions } from '../support/temp-url.js';
import { sendTo, Twins, type Side, type TwinRequest } from '../support/twins.js';

const CONTAINER = '/v1/{account}/features';
const KEY = 'a secret of the account';
const LATER = String(Math.floor(Date.now() / 1000) + 86_400);

let twins: Twins;
const folder = mkdtempSync(join(tmpdir(), 'autosync-features-'));

beforeAll(async () => {
  twins = await Twins.make();
  await put('', undefined, [['X-Container-Read', '.r:*,.rlistings']]);
  await twins.same({
    method: 'POST',
    target: '/v1/{account}',
    headers: [['X-Account-Meta-Temp-URL-Key', KEY]],
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, body?: Buffer | string, headers: TwinRequest['headers'] = []) {
  const bytes = body === undefined ? {} : { body: Buffer.from(body) };
  return twins.same({ method: 'PUT', target: `${CONTAINER}${path}`, headers, ...bytes });
}

function get(path: string, headers: TwinRequest['headers'] = [], isAnonymous = false) {
  return twins.same({ method: 'GET', target: `${CONTAINER}${path}`, headers, isAnonymous });
}

function md5(text: string | Buffer): string {
  return createHash('md5').update(text).digest('hex');
}

/** GET and HEAD, whole and in ranges. */
async function readEveryWay(path: string): Promise<void> {
  for (const method of ['GET', 'HEAD']) {
    await twins.same({ method, target: `${CONTAINER}${path}` });
    for (const range of [
      'bytes=0-3',
      'bytes=8-14',
      'bytes=-3',
      'bytes=2-3,9-11,-1',
      'bytes=999-',
      'bytes=5-2',
    ])
      await twins.same({ method, target: `${CONTAINER}${path}`, headers: [['Range', range]] });
  }
}

describe('through the gateway as directly', () => {
  it('static large objects: written, read, read in ranges, shown and deleted', async () => {
    const parts = ['first part ', 'second part ', 'third'];
    for (const [i, part] of parts.entries()) await put(`/segments/${i}`, part);
    const manifest = parts.map((part, i) => ({
      path: `/features/segments/${i}`,
      etag: md5(part),
      size_bytes: part.length,
    }));
    const text = JSON.stringify(manifest);
    expect((await put('/slo?multipart-manifest=put', text, [['Content-Type', 'text/plain']])).status).toBe(
      201,
    );
    await readEveryWay('/slo');
    expect((await get('/slo')).body.toString()).toBe(parts.join(''));
    for (const query of ['?multipart-manifest=get', '?multipart-manifest=get&format=raw', '?part-number=2'])
      await get(`/slo${query}`);
    const wrong = JSON.stringify([{ ...manifest[0], etag: md5('x') }]);
    expect((await put('/bad?multipart-manifest=put', wrong)).status).toBe(400);
    const removal = await twins.same({
      method: 'DELETE',
      target: `${CONTAINER}/slo?multipart-manifest=delete`,
    });
    expect(removal.body.toString()).toContain('Number Deleted: 4');
  });

  it('static large objects in each other, as deep as Swift reads them, and deeper', async () => {
    await put('/nested/0', 'the innermost');
    for (let depth = 1; depth <= 11; depth += 1) {
      const manifest = JSON.stringify([{ path: `/features/nested/${depth - 1}` }]);
      await put(`/nested/${depth}?multipart-manifest=put`, manifest);
      expect((await get(`/nested/${depth}`)).status, `${depth} deep`).toBe(depth > 10 ? 409 : 200);
    }
  });

  it('dynamic large objects', async () => {
    for (const [i, part] of ['alpha ', 'beta ', 'gamma'].entries()) await put(`/dyn/${i}`, part);
    await put('/dlo', undefined, [
      ['X-Object-Manifest', 'features/dyn/'],
      ['Content-Length', '0'],
    ]);
    await readEveryWay('/dlo');
    expect((await get('/dlo')).body.toString()).toBe('alpha beta gamma');
    await get('/dlo?multipart-manifest=get');
  });

  it('TempURL: read, written, by prefix, expired, forged', async () => {
    await put('/temp', 'temporary');
    // The answers tell when it ends: both sides' do at the same second.
    const signed = (side: Side, method: string, at: string, options: TempUrlOptions = {}): string =>
      tempUrl(method, `/v1/${side.user.account}/features/${at}`, KEY, { expires: Number(LATER), ...options });
    const ask = (method: string, target: (side: Side) => string, body?: string) =>
      twins.sameOf((side) => ({
        method,
        target: target(side),
        isAnonymous: true,
        ...(body === undefined ? {} : { body: Buffer.from(body) }),
      }));
    for (const digest of ['sha1', 'sha256', 'sha512'] as const)
      expect((await ask('GET', (side) => signed(side, 'GET', 'temp', { digest }))).body.toString()).toMatch(
        /temporary|401/,
      );
    await ask('HEAD', (side) => signed(side, 'GET', 'temp'));
    await ask('GET', (side) => `${signed(side, 'GET', 'temp')}&filename=a%20b%22.txt&inline`);
    expect((await ask('PUT', (side) => signed(side, 'PUT', 'up'), 'uploaded')).status).toBe(201);
    expect((await get('/up')).body.toString()).toBe('uploaded');
    expect((await ask('PUT', (side) => signed(side, 'GET', 'up'), 'x')).status).toBe(401);
    expect((await ask('GET', (side) => signed(side, 'GET', 'temp', { expires: 1000 }))).status).toBe(401);
    expect((await ask('GET', (side) => signed(side, 'GET', 'other').replace('other', 'temp'))).status).toBe(
      401,
    );
  });

  it('FormPOST: a browser uploads a file', async () => {
    const form = (side: Side, key: string): TwinRequest => {
      const path = `/v1/${side.user.account}/features/form-`;
      const fields = { redirect: '', max_file_size: '1000', max_file_count: '2', expires: LATER };
      const signature = createHmac('sha256', key)
        .update([path, ...Object.values(fields)].join('\n'))
        .digest('hex');
      const parts = Object.entries({ ...fields, signature })
        .map(([name, value]) => `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
        .join('');
      const file =
        '--XX\r\nContent-Disposition: form-data; name="file1"; filename="f.txt"\r\nContent-Type: text/x-a\r\n\r\nof a form\r\n';
      const headers = [['Content-Type', 'multipart/form-data; boundary=XX']] as const;
      const body = Buffer.from(`${parts}${file}--XX--\r\n`);
      return { method: 'POST', target: path, headers, body, isAnonymous: true };
    };
    expect((await twins.sameOf((side) => form(side, KEY))).status).toBe(201);
    expect((await get('/form-f.txt')).body.toString()).toBe('of a form');
    expect((await twins.sameOf((side) => form(side, 'wrong'))).status).toBe(401);
  });

  it('archives are unpacked and many objects deleted at once', async () => {
    mkdirSync(join(folder, 'tree', 'deep'), { recursive: true });
    writeFileSync(join(folder, 'tree', 'a.txt'), 'A');
    writeFileSync(join(folder, 'tree', 'deep', 'ü b.txt'), 'B');
    for (const [flag, type] of [
      ['-c', 'tar'],
      ['-cz', 'tar.gz'],
      ['-cj', 'tar.bz2'],
    ] as const) {
      const archive = spawnSync('tar', [
        '--sort=name',
        flag,
        '-f',
        '-',
        '-C',
        join(folder, 'tree'),
        'a.txt',
        'deep',
      ]);
      if (archive.status !== 0) continue;
      for (const accept of ['application/json', 'text/plain', 'application/xml']) {
        const target = `${CONTAINER}/unpacked?extract-archive=${type}`;
        const headers = [['Accept', accept]] as const;
        const body = archive.stdout;
        expect((await twins.same({ method: 'PUT', target, headers, body })).status).toBe(200);
      }
    }
    expect((await get('/unpacked/deep/%C3%BC%20b.txt')).body.toString()).toBe('B');
    const target = '/v1/{account}?bulk-delete';
    const names =
      '/features/unpacked/a.txt\n/features/unpacked/deep/%C3%BC%20b.txt\n/features/never-there\n/none/x\n';
    const headers = [
      ['Accept', 'application/json'],
      ['Content-Type', 'text/plain'],
    ] as const;
    const answer = await twins.same({ method: 'POST', target, headers, body: Buffer.from(names) });
    expect(JSON.parse(answer.body.toString())).toMatchObject({ 'Number Deleted': 2, 'Number Not Found': 2 });
    await twins.same({ method: 'DELETE', target, headers, body: Buffer.from('/features/never-there') });
  });

  it('bulk requests that also make and delete containers', async () => {
    const archive = spawnSync('tar', ['-cf', '-', '-C', folder, 'tree']).stdout;
    const headers = [['Accept', 'application/json']] as const;
    const target = '/v1/{account}?extract-archive=tar';
    await twins.same({ method: 'PUT', target, headers, body: archive });
    expect((await twins.same({ method: 'GET', target: '/v1/{account}/tree/a.txt' })).body.toString()).toBe(
      'A',
    );
    const removed = Buffer.from('/tree/a.txt\n/tree/deep/%C3%BC%20b.txt\n/tree');
    const all = [...headers, ['Content-Type', 'text/plain']] as const;
    await twins.same({ method: 'POST', target: '/v1/{account}?bulk-delete', headers: all, body: removed });
    await twins.same({ method: 'HEAD', target: '/v1/{account}/tree' });
  });

  it('static web sites: index, error page, listing, redirects', async () => {
    const site = '/v1/{account}/site';
    const settings: TwinRequest['headers'] = [
      ['X-Container-Read', '.r:*,.rlistings'],
      ['X-Container-Meta-Web-Index', 'index.html'],
      ['X-Container-Meta-Web-Error', 'error.html'],
      ['X-Container-Meta-Web-Listings', 'true'],
    ];
    await twins.same({ method: 'PUT', target: site, headers: settings });
    for (const name of ['index.html', '404error.html', 'sub/page.html'])
      await twins.same({ method: 'PUT', target: `${site}/${name}`, body: Buffer.from(`<p>${name}</p>`) });
    for (const path of ['', '/', '/index.html', '/none', '/sub', '/sub/', '/sub/page.html'])
      await twins.same({ method: 'GET', target: `${site}${path}`, isAnonymous: true });
    expect(
      (await twins.same({ method: 'GET', target: `${site}/`, isAnonymous: true })).body.toString(),
    ).toContain('index.html');
  });

  it('symlinks: followed, shown, dangling, copied', async () => {
    await put('/target', 'pointed at');
    const empty = ['Content-Length', '0'] as const;
    await put('/link', undefined, [['X-Symlink-Target', 'features/target'], empty]);
    await put('/hard', undefined, [
      ['X-Symlink-Target', 'features/target'],
      ['X-Symlink-Target-Etag', md5('pointed at')],
      empty,
    ]);
    await put('/dangling', undefined, [['X-Symlink-Target', 'features/none'], empty]);
    await put('/loop', undefined, [['X-Symlink-Target', 'features/loop'], empty]);
    for (const path of ['/link', '/link?symlink=get', '/hard', '/hard?symlink=get', '/dangling', '/loop']) {
      await get(path);
      await twins.same({ method: 'HEAD', target: `${CONTAINER}${path}` });
    }
    await twins.same({ method: 'POST', target: `${CONTAINER}/link`, headers: [['X-Object-Meta-A', 'b']] });
    await twins.same({
      method: 'COPY',
      target: `${CONTAINER}/link`,
      headers: [['Destination', 'features/copied']],
    });
    expect((await get('/copied')).body.toString()).toBe('pointed at');
    await twins.same({
      method: 'COPY',
      target: `${CONTAINER}/link?symlink=get`,
      headers: [['Destination', 'features/link2']],
    });
    await get('/link2?symlink=get');
  });

  it('CORS: preflights and answers to other origins', async () => {
    const target = '/v1/{account}/cors';
    const settings: TwinRequest['headers'] = [
      ['X-Container-Meta-Access-Control-Allow-Origin', 'http://good.example'],
      ['X-Container-Meta-Access-Control-Max-Age', '77'],
      ['X-Container-Meta-Access-Control-Expose-Headers', 'x-object-meta-shown'],
    ];
    await twins.same({ method: 'PUT', target, headers: settings });
    await twins.same({
      method: 'PUT',
      target: `${target}/o`,
      body: Buffer.from('o'),
      headers: [['X-Object-Meta-Shown', 'y']],
    });
    for (const origin of ['http://good.example', 'http://bad.example']) {
      for (const wanted of ['GET', 'PUT', 'BREW']) {
        const headers = [
          ['Origin', origin],
          ['Access-Control-Request-Method', wanted],
          ['Access-Control-Request-Headers', 'x-a'],
        ] as const;
        for (const path of ['', '/o'])
          await twins.same({ method: 'OPTIONS', target: target + path, headers, isAnonymous: true });
      }
      await twins.same({ method: 'GET', target: `${target}/o`, headers: [['Origin', origin]] });
    }
    await twins.same({ method: 'OPTIONS', target });
  });

  it('a refused upload that waits for 100 Continue never sends its body', async () => {
    const body = Buffer.alloc(8 * 1024 * 1024, 'x');
    const request: TwinRequest = { method: 'PUT', target: `${CONTAINER}/big`, body, isExpecting: true };
    const refused = await twins.same({ ...request, isAnonymous: true });
    expect(refused.status).toBe(401);
    expect(refused.informational).toEqual([]);
    expect(refused.sentBytes).toBeLessThan(1000);
    const taken = await twins.same(request);
    expect(taken.status).toBe(201);
    expect(taken.informational).toEqual([100]);
    const missing = await twins.same({ ...request, target: '/v1/{account}/no-such-container/o' });
    expect([missing.status, missing.sentBytes < 1000]).toEqual([404, true]);
  });

  it('/info, to which the gateway adds a section of its own', async () => {
    const ask = (side: Side, method: string) => sendTo(side, { method, target: '/info', isAnonymous: true });
    const [direct, gateway] = await Promise.all([ask(twins.direct, 'GET'), ask(twins.gateway, 'GET')]);
    const { autosync, ...rest } = JSON.parse(gateway.body.toString()) as Record<string, unknown>;
    expect(rest).toEqual(JSON.parse(direct.body.toString()));
    expect(autosync).toMatchObject({ cluster: 'one' });
    const head = await ask(twins.gateway, 'HEAD');
    const length = head.headers.find(([name]) => name === 'Content-Length')?.[1];
    expect([head.status, Number(length)]).toEqual([200, gateway.body.length]);
  });

  it('64 MiB both ways, in one piece and in chunks', { timeout: 120_000 }, async () => {
    const body = randomBytes(64 * 1024 * 1024);
    for (const framing of [{ kind: 'length' }, { kind: 'chunked', sizes: [1, 70_000, 1_000_000] }] as const) {
      const target = `${CONTAINER}/large-${framing.kind}`;
      const stored = await sendTo(twins.gateway, { method: 'PUT', target, body, framing });
      expect(stored.status).toBe(201);
      expect(stored.headers.find(([name]) => name === 'Etag')?.[1]).toBe(md5(body));
      const hash = createHash('md5');
      const read = await sendTo(twins.gateway, { method: 'GET', target }, (piece) => hash.update(piece));
      expect([read.status, read.isWhole, hash.digest('hex')]).toEqual([200, true, md5(body)]);
    }
  });

  it('python-swiftclient: uploads, in segments too, shows and downloads', { timeout: 240_000 }, async () => {
    const file = join(folder, 'file.bin');
    writeFileSync(file, randomBytes(3_000_000));
    const swift = (side: Side, ...args: string[]): string => {
      const login = [
        '-A',
        `http://127.0.0.1:${side.port}/auth/v1.0`,
        '-U',
        side.user.user,
        '-K',
        side.user.key,
      ];
      const { status, stdout, stderr } = spawnSync('swift', [...login, ...args], {
        cwd: folder,
        encoding: 'utf8',
      });
      expect(status, `swift ${args.join(' ')}: ${stderr}`).toBe(0);
      return stdout.replaceAll(side.user.account, 'AUTH_twin').replaceAll(/\d{10}\.\d+/g, 'TIME');
    };
    const lines = (text: string) => text.split('\n').sort();
    const results = [twins.direct, twins.gateway].map((side) => {
      const segmented = ['-S', '1000000', '--use-slo', '--object-name', 'slo'];
      const back = mkdtempSync(join(folder, 'back-'));
      const told = [
        swift(side, 'upload', 'cli', 'file.bin', '--object-name', 'plain'),
        swift(side, 'upload', 'cli', 'file.bin', ...segmented),
        swift(side, 'post', 'cli', '-m', 'Color:blue', '-r', '.r:*'),
      ];
      swift(side, 'download', 'cli', '-D', back);
      for (const name of ['plain', 'slo'])
        expect(readFileSync(join(back, name)).equals(readFileSync(file))).toBe(true);
      return told.map(lines);
    });
    expect(results[1]).toEqual(results[0]);
    const { proxyUrl } = cluster('two');
    const asked = { ...twins.gateway, port: Number(new URL(proxyUrl).port) };
    await waitFor('the container is on cluster two', () =>
      swift(asked, 'stat', 'cli').includes('Meta Color: blue'),
    );
    swift(twins.gateway, 'delete', 'cli');
  });
});
