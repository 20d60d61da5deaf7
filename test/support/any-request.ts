// Draws requests of every kind that Swift understands, and of many that it does not: odd paths, headers, ranges, chunkings.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Framing, TwinRequest } from './twins.js';

/** The container that requests are about. It has to be there. */
export const CONTAINER = 'odd';
/** Objects that most generated requests are about, so that they find something. */
export const NAMES = [
  'plain',
  'with space',
  'a/b/c',
  'ünï/…',
  '100%',
  'a//b',
  'trailing/',
  'quo"te',
  "it's",
  'plus+and&',
];
export const CONTENT = Buffer.from('0123456789'.repeat(30));

/** UTF-8 as the latin1 text that raw targets and headers are written in. */
function bytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** Several values in one string. */
function words(text: string): string[] {
  return text.split(' ');
}

const PUT_METHODS = new Set(['PUT', 'POST']);

const name = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(...NAMES).map((text) => encodeURIComponent(text).replaceAll('%2F', '/')),
  },
  { weight: 1, arbitrary: fc.constantFrom(...NAMES).map((text) => bytes(text).replaceAll(' ', '%20')) },
);

/** Segments of a path that clients and proxies are tempted to tidy up. */
const oddSegment = fc.constantFrom(
  ...words('. .. %2e %2e%2e %2E%2e %2f %2F %5c %00 %0a %0d%0a %ff %c3 %'),
  '',
  '\\',
  ...words('%zz %25 %2525 + * ~ !$&() ;a=b : @ = " <> | ^ ` {} [] # %23'),
  ...words('%3F %20 e%CC%81 .well-known v1 AUTH_x'),
  bytes('é'),
  bytes('日本'),
  encodeURIComponent('日本'),
  '\xe9',
);
const longSegment = fc.constantFrom(256, 257, 1024, 1025, 4000, 8300).map((length) => 'l'.repeat(length));
const oddPath = fc
  .array(fc.oneof({ weight: 5, arbitrary: oddSegment }, { weight: 1, arbitrary: longSegment }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((segments) => segments.join('/'));

const query = fc.oneof(
  { weight: 5, arbitrary: fc.constant('') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...words('? ?format=json ?format=xml ?limit=2 ?prefix=a&delimiter=/ ?marker=p ?reverse=on'),
      ...words('?a=b&a=c'),
      ...words('?multipart-manifest=get ?symlink=get ?temp_url_sig=0 ?filename=x ?% ?%ff ?? ?a?b'),
      ...words('?format=%00'),
      ...words('?limit=-1 ?limit=x ?limit=10001 ?path= ?end_marker=m ?prefix=%C3%BC ?#'),
      `?prefix=${bytes('ü')}`,
    ),
  },
);

const objectTarget = fc.tuple(name, query).map(([path, tail]) => `/v1/{account}/${CONTAINER}/${path}${tail}`);
const anyTarget = fc.oneof(
  { weight: 10, arbitrary: objectTarget },
  {
    weight: 5,
    arbitrary: fc.tuple(oddPath, query).map(([path, tail]) => `/v1/{account}/${CONTAINER}/${path}${tail}`),
  },
  { weight: 2, arbitrary: query.map((tail) => `/v1/{account}/${CONTAINER}${tail}`) },
  { weight: 1, arbitrary: query.map((tail) => `/v1/{account}/${CONTAINER}/${tail}`) },
  { weight: 1, arbitrary: query.map((tail) => `/v1/{account}${tail}`) },
  { weight: 1, arbitrary: oddPath.map((path) => `/v1/{account}/${path}`) },
  { weight: 1, arbitrary: oddPath.map((path) => `/v1/${path}`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...words('/ * // /v1 /v1/ /v2/{account}/odd /v1.0/{account}/odd/plain //v1/{account}/odd/plain'),
      ...words('/v1//{account}/odd/plain /v1/{account}//odd /v1/{account}//plain'),
      ...words('/%761/{account}/odd/plain'),
      ...words('/V1/{account}/odd /v1/{account}/odd/../odd/plain /v1/./{account}/odd/plain'),
      ...words('/v1%2F{account}%2Fodd'),
      ...words('http://storage.example/v1/{account}/odd/plain storage.example:80 /healthcheck /auth'),
      ...words('/auth/v1.0'),
      ...words('/v1/AUTH_nobody/c/o /v1/{account}/none/o /v1/{account}%2Fodd%2Fplain /crossdomain.xml'),
      ...words('/favicon.ico'),
    ),
  },
);

const range = fc.oneof(
  fc.constantFrom(
    ...words('bytes=0-9 bytes=-5 bytes=290- bytes=299-400 bytes=300- bytes=-0 bytes=9-0 bytes='),
    ...words('bytes=a-b'),
    ...words('items=0-1 bytes=0-0,5-6 bytes=0-9,-9,100- bytes=0-299,0-299 BYTES=0-1'),
    'bytes=0-1, 400-',
    'bytes = 0-1',
  ),
  fc
    .array(fc.tuple(fc.nat(320), fc.nat(320)), { minLength: 1, maxLength: 5 })
    .map((pairs) => `bytes=${pairs.map(([from, to]) => `${from}-${to}`).join(',')}`),
);
const ETAG = createHash('md5').update(CONTENT).digest('hex');
const date = fc.constantFrom(
  ...words('yesterday 0'),
  'Thu, 01 Jan 1970 00:00:00 GMT',
  'Fri, 31 Dec 2100 23:59:59 GMT',
  '',
  'Sunday, 06-Nov-94 08:49:37 GMT',
);
const etag = fc.constantFrom(`"${ETAG}"`, ETAG, '*', '"x"', `W/"${ETAG}"`, `"x", "${ETAG}"`, '', '"');
const odd = fc.constantFrom(
  ...words('x %E2%82%AC "q a,b a;b=c =?utf-8?q?x?='),
  '',
  ' ',
  'a  b',
  '\tx\t',
  bytes('größe'),
  bytes('日本'),
  '\xff\xfe',
  ...['x'.repeat(255), 'x'.repeat(257), 'x'.repeat(8000), '{account}', '\xc2\x85', '\xa0'],
);

const header = fc.oneof(
  fc.tuple(fc.constantFrom('Range', 'range', 'RANGE'), range),
  fc.tuple(fc.constantFrom('If-Match', 'If-None-Match', 'if-none-match'), etag),
  fc.tuple(fc.constantFrom('If-Modified-Since', 'If-Unmodified-Since'), date),
  fc.tuple(fc.constantFrom('X-Object-Meta-A', 'x-object-meta-a', 'X-OBJECT-META-B', 'X-Object-Meta-'), odd),
  fc.tuple(
    fc.constantFrom(
      bytes('X-Object-Meta-Größe'),
      'X-Object-Meta-A_B',
      'X-Remove-Object-Meta-A',
      'X-Object-Meta-C',
    ),
    odd,
  ),
  fc.tuple(
    fc.constantFrom(
      'X-Container-Meta-A',
      'x-container-meta-b',
      'X-Account-Meta-A',
      'X-Remove-Container-Meta-A',
    ),
    odd,
  ),
  fc.tuple(
    fc.constantFrom('Content-Type', 'content-type'),
    fc.constantFrom(
      'text/plain',
      'a/b; c=d',
      '',
      'x',
      bytes('ä/ö'),
      'text/plain;charset=utf-8;swift_bytes=3',
    ),
  ),
  fc.tuple(
    fc.constantFrom('Content-Encoding', 'Content-Disposition', 'Content-Language', 'Cache-Control'),
    odd,
  ),
  fc.tuple(
    fc.constant('Accept'),
    fc.constantFrom(
      '*/*',
      'application/json',
      'text/xml;q=0.9, application/xml',
      'x',
      '',
      'application/*;q=2',
    ),
  ),
  fc.tuple(fc.constant('ETag'), etag),
  fc.tuple(fc.constant('X-Delete-At'), fc.constantFrom('4000000000', '1', 'x', '-1', '99999999999999')),
  fc.tuple(
    fc.constantFrom('X-Copy-From', 'x-copy-from'),
    fc.constantFrom(
      '/odd/plain',
      'odd/plain',
      '/odd/none',
      '/odd',
      '',
      `/odd/${bytes('ünï')}`,
      '/odd/%C3%BCn%C3%AF/%E2%80%A6',
    ),
  ),
  fc.tuple(
    fc.constant('Destination'),
    fc.constantFrom('/odd/copy', 'odd/copy', '/odd', '/none/x', '', 'odd/c%20d', '/odd/a//b'),
  ),
  fc.tuple(
    fc.constantFrom(
      'X-Fresh-Metadata',
      'X-Newest',
      'X-Detect-Content-Type',
      'X-Trans-Id-Extra',
      'X-Timestamp',
      'X-If-Delete-At',
    ),
    fc.constantFrom('true', 'false', '', '1', '4000000000'),
  ),
  fc.tuple(
    fc.constantFrom('Origin', 'Access-Control-Request-Method', 'Access-Control-Request-Headers'),
    fc.constantFrom('http://a.example', 'GET', 'PUT', 'x-a, x-b', '', 'null'),
  ),
  fc.tuple(
    fc.constantFrom(
      'Accept-Encoding',
      'User-Agent',
      'Referer',
      'Cookie',
      'Authorization',
      'Via',
      'Forwarded',
      'X-Forwarded-Proto',
    ),
    odd,
  ),
  fc.tuple(
    fc.constantFrom(
      'X-Backend-Storage-Policy-Index',
      'X-Object-Sysmeta-A',
      'X-Container-Sysmeta-A',
      'X-Symlink-Target',
    ),
    fc.constantFrom('0', 'odd/plain', '', 'x'),
  ),
  fc.tuple(
    fc.constantFrom('X-Object-Manifest', 'X-Static-Large-Object', 'X-Storage-Token'),
    fc.constantFrom('odd/a', 'True', ''),
  ),
);

const body = fc.oneof(
  { weight: 3, arbitrary: fc.constant(CONTENT) },
  { weight: 1, arbitrary: fc.constant(Buffer.alloc(0)) },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ minLength: 1, maxLength: 400 }).map((array) => Buffer.from(array)),
  },
  { weight: 1, arbitrary: fc.constant(Buffer.alloc(100_000, 'z')) },
);
const framing: fc.Arbitrary<Framing> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'length' as const }) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 70_000 })), {
        minLength: 1,
        maxLength: 5,
      })
      .map((sizes) => ({ kind: 'chunked' as const, sizes })),
  },
);

const method = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.constantFrom(
      ...words('GET GET GET GET HEAD HEAD PUT PUT PUT POST POST DELETE COPY OPTIONS'),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'PATCH',
      'get',
      'TRACE',
      'PROPFIND',
      'SSYNC',
      'REPLICATE',
      'UPDATE',
      'M-SEARCH',
    ),
  },
);

export const anyRequest: fc.Arbitrary<TwinRequest> = fc
  .record({
    method,
    target: anyTarget,
    headers: fc.array(header, { maxLength: 4 }),
    body,
    framing,
    isExpecting: fc.boolean(),
    isAnonymous: fc.integer({ max: 9, min: 0 }).map((n) => n === 0),
  })
  .map((drawn) => {
    // What stands behind a non-ASCII name Swift reads otherwise than the same before it; the gateway puts such names last.
    const isAscii = ([name]: readonly [string, string]): boolean => /^[\0-\x7f]*$/.test(name);
    const headers = [...drawn.headers.filter(isAscii), ...drawn.headers.filter((each) => !isAscii(each))];
    if (PUT_METHODS.has(drawn.method))
      return { ...drawn, headers, isExpecting: drawn.isExpecting && drawn.body.length > 0 };
    const { method: verb, target, isAnonymous } = drawn;
    return { method: verb, target, headers, isAnonymous };
  })
  .filter((drawn) => !isAccountDeletion(drawn));

/** The twins are needed for the next request. */
function isAccountDeletion({ method: verb, target }: TwinRequest): boolean {
  return verb === 'DELETE' && /^\/v1(?:\.0)?\/\{account\}\/?(?:\?|$)/.test(target);
}
