// Promises of large objects that are put together here: they are what Swift would answer.
import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { SILENT } from '../../../../test/support/bare-gateway.js';
import { HeaderList } from '../../../http/headers.js';
import { collectBody, MessageBody } from '../../../http/message-body.js';
import type { Exchange, OutgoingResponse } from '../../station.js';
import type { PartToRead } from './joined-body.js';
import { answerDlo, type ListedParts, type ListingQuery } from './dlo.js';
import { answerSlo } from './slo.js';

const md5 = (bytes: Buffer | string): string => createHash('md5').update(bytes).digest('hex');

const OBJECTS: Readonly<Record<string, string>> = {
  's/1': 'abcdefghij',
  's/2': 'ABCDEFGHIJ',
  's/3': '0123456789',
  's/ü/../x ?': 'opaque',
};

function stream(bytes: Buffer): MessageBody {
  const nothing = (): void => undefined;
  const body = new MessageBody({ kind: 'length', length: bytes.length }, { pause: nothing, resume: nothing });
  if (bytes.length > 0) body.feed(bytes);
  return body;
}

function answerOf(status: number, headers: Readonly<Record<string, string>>, text = ''): OutgoingResponse {
  const bytes = Buffer.from(text);
  const all = HeaderList.from({ ...headers, 'Content-Length': String(bytes.length) });
  return { status, reason: 'x', headers: all, body: stream(bytes) };
}

/** What a client asks for, and what was read for it. */
class Client {
  readonly reads: PartToRead[] = [];
  readonly listed: ListingQuery[] = [];
  readonly log = { ...SILENT, warn: vi.fn() };
  readonly exchange = { id: 'tx1', request: { target: '/v1/a/c/big?x' } } as Exchange;
  readonly request;
  readonly pages: readonly (readonly string[])[];
  objects = OBJECTS;

  constructor(headers: Readonly<Record<string, string>> = {}, method = 'GET', pages = [['1', '2', '3']]) {
    this.request = { method, headers: HeaderList.from(headers) };
    this.pages = pages;
  }

  readPart = (part: PartToRead): Promise<OutgoingResponse> => {
    this.reads.push(part);
    const text = this.objects[`${part.container}/${part.object}`];
    if (text === undefined) return Promise.resolve(answerOf(404, {}));
    const headers = { Etag: `"${md5(text)}"` };
    if (part.range === undefined) return Promise.resolve(answerOf(200, headers, text));
    const [first, last] = part.range;
    const range = { 'Content-Range': `bytes ${first}-${last}/${text.length}` };
    return Promise.resolve(answerOf(206, { ...headers, ...range }, text.slice(first, last + 1)));
  };

  listParts = (query: ListingQuery): Promise<ListedParts | OutgoingResponse> => {
    this.listed.push(query);
    const index = query.marker === '' ? 0 : this.pages.findIndex((page) => page.at(-1) === query.marker) + 1;
    const rows = (this.pages[index] ?? []).map((name) => {
      const text = OBJECTS[`s/${name}`] ?? '';
      return { name, bytes: text.length, hash: md5(text) };
    });
    return Promise.resolve({ rows, isLast: index === this.pages.length - 1 });
  };

  slo(entries: unknown = SLO): Promise<OutgoingResponse> {
    const body = Buffer.from(JSON.stringify(entries));
    const own = { ...COMMON, 'X-Static-Large-Object': 'True', 'Etag': `"${md5(body)}"` };
    return answerSlo(this, { account: 'a', headers: HeaderList.from(own), body });
  }

  dlo(manifest = 's/'): Promise<OutgoingResponse> {
    const own = { ...COMMON, 'X-Object-Manifest': manifest, 'Etag': md5('') };
    return answerDlo(this, { account: 'a', headers: HeaderList.from(own) });
  }
}

const COMMON = {
  'Content-Type': 'text/x',
  'Content-Length': '77',
  'Last-Modified': 'Sun, 22 Nov 2026 10:00:00 GMT',
  'X-Object-Meta-Color': 'blue',
};

function entry(name: string, more: object = {}): object {
  const text = OBJECTS[name] ?? '';
  return { name: `/${name}`, bytes: text.length, hash: md5(text), content_type: 'x/y', ...more };
}

/** 10 bytes, 4 of 10, 5 inline, 10. */
const SLO = [
  entry('s/1'),
  entry('s/2', { range: '3-6' }),
  { data: Buffer.from('<-->!').toString('base64') },
  entry('s/3'),
];
const WHOLE = 'abcdefghijDEFG<-->!0123456789';
const SLO_ETAG = md5(`${md5('abcdefghij')}${md5('ABCDEFGHIJ')}:3-6;${md5('<-->!')}${md5('0123456789')}`);
const DLO_WHOLE = 'abcdefghijABCDEFGHIJ0123456789';

async function textOf({ body }: OutgoingResponse): Promise<string> {
  if (body === undefined) return '';
  return String(body instanceof MessageBody ? await collectBody(body, 100_000) : body);
}

describe('a static large object', () => {
  it('is all its segments, with its own ETag and length, and what else its manifest says', async () => {
    const client = new Client();
    const answer = await client.slo();
    expect([answer.status, await textOf(answer)]).toEqual([200, WHOLE]);
    const { headers } = answer;
    expect(headers.getAll('etag')).toEqual([`"${SLO_ETAG}"`]);
    // What Swift's own slo.py says of the same manifest.
    expect(SLO_ETAG).toBe('d9645439e047fdc3ddc5925860005b8b');
    expect(headers.getAll('content-length')).toEqual([String(WHOLE.length)]);
    expect(headers.get('x-manifest-etag')).toBe(`"${md5(JSON.stringify(SLO))}"`);
    expect(headers.get('x-static-large-object')).toBe('True');
    expect([headers.get('content-type'), headers.get('x-object-meta-color')]).toEqual(['text/x', 'blue']);
    expect(client.reads.map(({ object, range }) => [object, range])).toEqual([
      ['1', undefined],
      ['2', [3, 6]],
      ['3', undefined],
    ]);
  });

  it('is described by HEAD without a segment being read', async () => {
    const client = new Client({ Range: 'bytes=0-1' }, 'HEAD');
    const answer = await client.slo();
    expect([answer.status, await textOf(answer), client.reads]).toEqual([200, '', []]);
    expect(answer.headers.get('content-length')).toBe(String(WHOLE.length));
  });

  it.each([
    ['bytes=8-11', 8, 12],
    ['bytes=5-24', 5, 25],
    ['bytes=12-', 12, 29],
    ['bytes=-3', 26, 29],
    ['bytes=-300', 0, 29],
    ['bytes=14-18', 14, 19],
    ['BYTES = 0-9', 0, 10],
  ])('in a range over its segments (%s) is those bytes', async (range, start, end) => {
    const answer = await new Client({ Range: range }).slo();
    expect([answer.status, await textOf(answer)]).toEqual([206, WHOLE.slice(start, end)]);
    expect(answer.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/29`);
    expect(answer.headers.get('content-length')).toBe(String(end - start));
    expect(answer.headers.get('etag')).toBe(`"${SLO_ETAG}"`);
  });

  it('is read only where the range touches', async () => {
    const client = new Client({ Range: 'bytes=11-13' });
    await textOf(await client.slo());
    expect(client.reads).toMatchObject([
      { account: 'a', container: 's', object: '2', range: [4, 6], isLargeObject: false },
    ]);
  });

  it.each(['bytes=5-3', 'bytes=-', 'bytes=a-b', 'items=0-1', 'bytes=0-1,x'])(
    'is whole where the range is none (%s)',
    async (range) => {
      const answer = await new Client({ Range: range }).slo();
      expect([answer.status, await textOf(answer)]).toEqual([200, WHOLE]);
    },
  );

  it.each(['bytes=29-', 'bytes=-0', 'bytes=100-200', 'bytes=0-9,1-8,2-7,3-6'])(
    'refuses with 416 what it cannot satisfy, or should not (%s)',
    async (range) => {
      const client = new Client({ Range: range });
      const answer = await client.slo();
      expect([answer.status, client.reads]).toEqual([416, []]);
      expect(answer.headers.get('content-range')).toBe('bytes */29');
    },
  );

  it('gives several ranges as one multipart body, of the length it announces', async () => {
    const answer = await new Client({ Range: 'bytes=0-1,-2' }).slo();
    const boundary = answer.headers.get('content-type')?.replace('multipart/byteranges;boundary=', '') ?? '';
    const text = await textOf(answer);
    expect(text).toBe(
      `--${boundary}\r\nContent-Type: text/x\r\nContent-Range: bytes 0-1/29\r\n\r\nab\r\n` +
        `--${boundary}\r\nContent-Type: text/x\r\nContent-Range: bytes 27-28/29\r\n\r\n89\r\n--${boundary}--`,
    );
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-length')).toBe(String(text.length));
    expect(answer.headers.has('content-range')).toBe(false);
  });

  it.each([
    [{ 'If-None-Match': `"${SLO_ETAG}"` }, 304],
    [{ 'If-None-Match': `"x", ${SLO_ETAG}` }, 304],
    [{ 'If-None-Match': '*' }, 304],
    [{ 'If-None-Match': '"x"' }, 200],
    [{ 'If-Match': '"x"' }, 412],
    [{ 'If-Match': `"${SLO_ETAG}"` }, 200],
    [{ 'If-Modified-Since': 'Sun, 22 Nov 2026 10:00:00 GMT' }, 304],
    [{ 'If-Modified-Since': 'Sun, 22 Nov 2026 09:59:59 GMT' }, 200],
    [{ 'If-Modified-Since': 'Sun Nov 22 10:00:00 2026' }, 304],
    [{ 'If-Unmodified-Since': 'Sun, 22 Nov 2026 09:59:59 GMT' }, 412],
    [{ 'If-Unmodified-Since': 'Sun, 22 Nov 2026 10:00:00 GMT' }, 200],
    [{ 'If-Modified-Since': 'yesterday' }, 200],
  ])('holds conditions against its own ETag and time (%j: %i)', async (headers, status) => {
    const client = new Client(headers);
    const answer = await client.slo();
    expect(answer.status).toBe(status);
    if (status === 200) return;
    expect([await textOf(answer), client.reads]).toEqual(['', []]);
    expect(answer.headers.get('etag')).toBe(`"${SLO_ETAG}"`);
  });

  it('counts a nested one with all its bytes, and has it read as what it is, whatever its ETag is now', async () => {
    const nested = { sub_slo: true, hash: 'of-old', bytes: 3, content_type: 'x/y;swift_bytes=10' };
    const client = new Client();
    const answer = await client.slo([entry('s/1', nested), entry('s/3', { ...nested, range: '2-4' })]);
    expect(await textOf(answer)).toBe('abcdefghij234');
    expect(client.reads.map(({ range, isLargeObject }) => [range, isLargeObject])).toEqual([
      [undefined, true],
      [[2, 4], true],
    ]);
  });

  it('takes the names of its segments as they are', async () => {
    const client = new Client();
    expect(await textOf(await client.slo([entry('s/ü/../x ?')]))).toBe('opaque');
    expect(client.reads[0]).toMatchObject({ container: 's', object: 'ü/../x ?' });
  });

  it('is empty where it has no segments, whatever its suffix', async () => {
    for (const range of ['', 'bytes=-5']) {
      const answer = await new Client({ Range: range }).slo([]);
      expect([answer.status, await textOf(answer), answer.headers.get('content-length')]).toEqual([
        200,
        '',
        '0',
      ]);
    }
  });

  it.each([
    ['is missing', entry('s/none', { bytes: 1 }), {}],
    ['has another ETag', entry('s/1', { hash: 'x' }), {}],
    ['has another length', entry('s/1', { bytes: 11 }), {}],
    ['has another ETag, and a range is asked for', entry('s/1', { hash: 'x' }), { Range: 'bytes=2-3' }],
  ])('is refused with 409 where its first segment %s', async (_what, first, headers) => {
    const answer = await new Client(headers).slo([first, entry('s/2')]);
    expect(answer.status).toBe(409);
  });

  it('is refused with 503 where Swift cannot read its first segment now', async () => {
    const client = new Client();
    client.readPart = () => Promise.resolve(answerOf(500, {}));
    const answer = await client.slo();
    expect(answer.status).toBe(503);
  });

  it('breaks off, and is logged, where a later segment is not what it was', async () => {
    const client = new Client();
    const answer = await client.slo([entry('s/1'), entry('s/2', { hash: 'x' })]);
    expect(answer.status).toBe(200);
    await expect(textOf(answer)).rejects.toThrow('The segment /s/2: its ETag is another.');
    expect(client.log.warn).toHaveBeenCalledWith({ txn: 'tx1', path: '/v1/a/c/big' }, expect.any(String));
  });

  it.each([{}, [{}], [{ name: '/c', bytes: 1, hash: '' }], [entry('s/1', { range: '5-3' })], [null]])(
    'is refused with 409 where its manifest is none (%j)',
    async (entries) => {
      expect((await new Client().slo(entries)).status).toBe(409);
    },
  );
});

describe('a dynamic large object', () => {
  const etag = `"${md5(['1', '2', '3'].map((name) => md5(OBJECTS[`s/${name}`] as string)).join(''))}"`;

  it('is all that is listed, with an ETag and length of all', async () => {
    const client = new Client();
    const answer = await client.dlo('s/p%C3%BC/');
    expect([answer.status, await textOf(answer)]).toEqual([200, DLO_WHOLE]);
    expect(answer.headers.getAll('etag')).toEqual([etag]);
    expect(answer.headers.getAll('content-length')).toEqual(['30']);
    expect(answer.headers.get('x-object-manifest')).toBe('s/p%C3%BC/');
    expect(client.listed).toEqual([{ account: 'a', container: 's', prefix: 'pü/', marker: '' }]);
  });

  it('is read to the end of a listing of many pages, in chunks, with the ETag of its manifest', async () => {
    const client = new Client({}, 'GET', [['1'], ['2'], ['3']]);
    const answer = await client.dlo();
    expect([answer.status, await textOf(answer)]).toEqual([200, DLO_WHOLE]);
    expect(client.listed.map(({ marker }) => marker)).toEqual(['', '1', '2']);
    const { headers } = answer;
    expect([headers.get('transfer-encoding'), headers.has('content-length')]).toEqual(['chunked', false]);
    expect(headers.get('etag')).toBe(md5(''));
  });

  it('breaks off where a later page is refused', async () => {
    const client = new Client({}, 'GET', [['1'], ['2']]);
    const { listParts } = client;
    client.listParts = (query) =>
      query.marker === '' ? listParts(query) : Promise.resolve(answerOf(503, {}));
    const answer = await client.dlo();
    await expect(textOf(answer)).rejects.toThrow('Listing the segments in s: 503');
  });

  it.each([
    ['bytes=8-21', 8, 22],
    ['bytes=20-', 20, 30],
    ['bytes=-11', 19, 30],
  ])('in a range over its segments (%s) is those bytes', async (range, start, end) => {
    const answer = await new Client({ Range: range }).dlo();
    expect([answer.status, await textOf(answer)]).toEqual([206, DLO_WHOLE.slice(start, end)]);
    expect(answer.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/30`);
  });

  it.each([
    ['bytes=2-3', 206, 'cd'],
    ['bytes=2-12', 200, DLO_WHOLE],
    ['bytes=-2', 200, DLO_WHOLE],
    ['bytes=2-', 200, DLO_WHOLE],
  ])('of many pages takes a range only within the first (%s: %i)', async (range, status, text) => {
    const answer = await new Client({ Range: range }, 'GET', [['1'], ['2'], ['3']]).dlo();
    expect([answer.status, await textOf(answer)]).toEqual([status, text]);
  });

  it('is whole where several ranges are asked for', async () => {
    const answer = await new Client({ Range: 'bytes=0-1,4-5' }).dlo();
    expect([answer.status, await textOf(answer)]).toEqual([200, DLO_WHOLE]);
  });

  it('refuses with 416 a range behind its end', async () => {
    const answer = await new Client({ Range: 'bytes=30-' }).dlo();
    expect([answer.status, answer.headers.get('content-range')]).toEqual([416, 'bytes */30']);
  });

  it('is described by HEAD without a segment being read; its length only where one page lists all', async () => {
    for (const [pages, length] of [
      [[['1', '2', '3']], '30'],
      [[['1'], ['2']], undefined],
    ] as const) {
      const client = new Client({}, 'HEAD', pages as unknown as string[][]);
      const answer = await client.dlo();
      expect([answer.status, await textOf(answer), client.reads]).toEqual([200, '', []]);
      expect(answer.headers.get('content-length')).toBe(length);
      expect(answer.body).toBeInstanceOf(MessageBody);
    }
  });

  it('holds conditions against the ETag of all its segments', async () => {
    expect((await new Client({ 'If-None-Match': etag }).dlo()).status).toBe(304);
    expect((await new Client({ 'If-Match': md5('') }).dlo()).status).toBe(412);
  });

  it('is read without what is empty', async () => {
    const client = new Client({}, 'GET', [['1', 'manifest', '2']]);
    expect(await textOf(await client.dlo())).toBe('abcdefghijABCDEFGHIJ');
    expect(client.reads.map(({ object }) => object)).toEqual(['1', '2']);
  });

  it('is refused with 409 where its first segment is missing, or has another length than was listed', async () => {
    for (const objects of [{}, { 's/1': 'short' }]) {
      const client = new Client();
      client.objects = objects;
      expect((await client.dlo()).status).toBe(409);
    }
  });

  it.each(['GET', 'HEAD'])('that may not be listed is refused as its container is (%s)', async (method) => {
    const client = new Client({}, method);
    client.listParts = () => Promise.resolve(answerOf(403, {}, 'no'));
    const answer = await client.dlo();
    expect([answer.status, await textOf(answer)]).toEqual([403, method === 'GET' ? 'no' : '']);
  });

  it.each(['', 'container', '/prefix', '%FF/x'])(
    'is refused with 409 where its manifest names no container and prefix (%j)',
    async (manifest) => {
      expect((await new Client().dlo(manifest)).status).toBe(409);
    },
  );
});
