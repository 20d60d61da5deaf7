// Swift's own HTTP server behind the proxy: whatever is let through means to it what it means here, so that no request
// can hide in another.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BareGateway } from '../../../test/support/bare-gateway.js';
import { eventually, RawSocket } from '../../../test/support/raw-sockets.js';

const PYTHON = '/usr/bin/python3';
const hasSwift = spawnSync(PYTHON, ['-c', 'import swift.common.http_protocol']).status === 0;

interface Seen {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly length: string | null;
  readonly body: string;
}

const CANARY = 'GET /canary HTTP/1.1\r\nHost: canary\r\n\r\n';

describe.skipIf(!hasSwift)("Swift's own HTTP server behind the proxy", () => {
  let swift: ChildProcess;
  let port = 0;
  let gateway: BareGateway;

  beforeAll(async () => {
    swift = spawn(PYTHON, ['test/support/swift-echo.py'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(swift.stdout!, 'data')) as [Buffer];
    port = Number(line.toString());
    gateway = await BareGateway.start({ origins: () => [`http://127.0.0.1:${port}`] });
  }, 60_000);

  afterAll(async () => {
    await gateway.close();
    swift.kill('SIGKILL');
  });

  /** Sends the text and then a canary on one connection; what Swift saw of each, or undefined where it was refused here. */
  async function send(text: string, to = gateway.port): Promise<Seen[] | undefined> {
    const client = await RawSocket.connect(to);
    try {
      client.send(text + CANARY);
      await eventually(() => client.isEnded || answers(client.text).length >= 2);
      return /^HTTP\/1.1 (400|501) /.test(client.text) ? undefined : answers(client.text);
    } finally {
      client.destroy();
    }
  }

  it(
    'sees the lengths and bodies that we see, and the next request as the next',
    { timeout: 120_000 },
    async () => {
      let passedCount = 0;
      await fc.assert(
        fc.asyncProperty(requests, async ({ text, body }) => {
          const seen = await send(text);
          if (seen === undefined) return;
          passedCount += 1;
          expect(seen[0]).toMatchObject({ method: 'PUT', target: '/v1/a/c/o', body });
          if (seen.length > 1) expect(seen[1]).toMatchObject({ method: 'GET', target: '/canary', body: '' });
        }),
        { numRuns: 200 },
      );
      expect(passedCount).toBeGreaterThan(20);
    },
  );

  it(
    'takes no request out of the body of another, hidden behind a header with a non-ASCII name',
    { timeout: 30_000 },
    async () => {
      const hidden = 'DELETE /v1/a/c HTTP/1.1\r\nHost: hidden\r\n\r\n';
      const text =
        'PUT /v1/a/c/o HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/x; boundary="B:"\r\nX-\xc3\xa9: 1\r\n--B: \r\n' +
        `Content-Length: ${hidden.length}\r\n\r\n${hidden}`;
      const direct = await send(text, port);
      const proxied = await send(text);
      expect(direct?.[1]?.method).toBe('DELETE');
      expect(proxied?.[1]?.method).toBe('GET');
      expect(proxied?.[0]?.body).toBe(hidden);
    },
  );

  it('sees every header, those with non-ASCII names too', async () => {
    const names = ['X-Object-Meta-Caf\xc3\xa9', 'X-A', 'X-\xff', 'X-B_c'];
    const fields = names.map((name, i) => `${name}: ${i}\r\n`).join('');
    const seen = await send(`PUT /v1/a/c/o HTTP/1.1\r\nHost: h\r\n${fields}Content-Length: 1\r\n\r\nx`);
    expect(seen?.[0]?.headers).toMatchObject({
      'X_OBJECT_META_CAF\xc3\xa9': '0',
      'X_A': '1',
      'X_\xff': '2',
      'X_B_C': '3',
    });
    expect(seen?.[0]).toMatchObject({ length: '1', body: 'x' });
  });
});

/** The answers of the echo that are here whole. */
function answers(text: string): Seen[] {
  const found: Seen[] = [];
  let rest = text.replaceAll(/HTTP\/1.1 100 Continue\r\n\r\n/g, '');
  for (;;) {
    const match = /^HTTP\/1.1 200 OK\r\n(?:[^\r]+\r\n)*?Content-Length: (\d+)\r\n(?:[^\r]+\r\n)*\r\n/i.exec(
      rest,
    );
    if (match === null) return found;
    const end = match[0].length + Number(match[1]);
    if (rest.length < end) return found;
    found.push(JSON.parse(rest.slice(match[0].length, end)) as Seen);
    rest = rest.slice(end);
  }
}

const odd = fc.constantFrom(
  ...[
    'X-\xc3\xa9: 1',
    'X-\x85: 1',
    '--B:',
    '--B--:',
    '--B',
    'From: x',
    'X: a\x85b',
    'X: a\xa0',
    'Content-Type: message/rfc822',
  ],
  ...[
    'Content-Type: multipart/mixed; boundary=B',
    'Content-Type: multipart/x; boundary="B:"',
    'X:\t',
    'X: a:b',
  ],
  ...['Content_Length: 3', 'Transfer_Encoding: chunked', 'Content-Length: 3', 'Transfer-Encoding: chunked'],
  ...[
    'Transfer-Encoding: identity',
    'Content-Length: 00',
    'Connection: content-length',
    'Connection: close, x',
  ],
  ...[
    'Content-Type: message/delivery-status',
    'Expect: 100-continue',
    'Expect: x',
    'X-\xc3\xa9: Content-Length: 5',
  ],
  ...[
    'Content-Type: message/partial',
    '\xe9:',
    '\xe9Content-Length: 5',
    'content-length\xa0: 5',
    'X Y: 1',
    ' folded',
  ],
  ...[
    'Content-Length : 4',
    'Content-Length:5\x0b',
    'Transfer-Encoding:\x0cchunked',
    'X: y\r',
    'X: y\n',
    'X\x00: y',
  ],
);

const requests = fc
  .record({
    before: fc.array(odd, { maxLength: 3 }),
    after: fc.array(odd, { maxLength: 3 }),
    isChunked: fc.boolean(),
    body: fc.constantFrom('', 'hello', CANARY, '0\r\n\r\n', `0\r\n\r\n${CANARY}`),
  })
  .map(({ before, after, isChunked, body }) => {
    const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
    const lines = ['PUT /v1/a/c/o HTTP/1.1', 'Host: h', ...before, framing, ...after, '', ''];
    const chunks =
      body === '' ? '0\r\n\r\n' : `${body.length.toString(16)}\r\n${body}\r\n0\r\nX-Trailer: 1\r\n\r\n`;
    return { text: lines.join('\r\n') + (isChunked ? chunks : body), body };
  });
