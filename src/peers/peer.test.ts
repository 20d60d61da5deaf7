// Promises of what a peer is asked, on real sockets.
import { createSecretKey } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { RawServer } from '../../test/support/raw-sockets.js';
import { Deadlines } from '../http/deadline.js';
import { collectBody } from '../http/message-body.js';
import { Peer, REFUSAL_HEADER } from './peer.js';
import { SIGNATURE_HEADER } from './signature-header.js';

const SECRETS = { current: { number: 1, secret: createSecretKey(Buffer.alloc(32, 1)) }, previous: undefined };
const REPLAYED = `HTTP/1.1 401 Unauthorized\r\n${REFUSAL_HEADER}: replayed\r\nContent-Length: 0\r\n\r\n`;

let cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  cleanUps = [];
});

/** A peer whose gateway has the first request that it gets already; and what it was asked, by method and signature. */
async function startReplayed(): Promise<{ peer: Peer; asked: string[] }> {
  const asked: string[] = [];
  const server = (await RawServer.listen()).answerAll((text) => {
    asked.push(`${text.split(' ')[0]} ${new RegExp(`${SIGNATURE_HEADER}: (.*)`).exec(text)?.[1]}`);
    return asked.length === 1 ? REPLAYED : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nit';
  });
  const deadlines = new Deadlines();
  const peer = new Peer({
    ...{ name: 'two', signatureName: '//local/two', mySignatureName: '//local/one', realm: 'local' },
    secrets: { get: () => SECRETS },
    gateway: { origin: server.origin, basePath: '' },
    ...{ timeoutMs: 5_000, probeIntervalMs: 5_000, deadlines, onChange: () => undefined },
  });
  cleanUps.push(
    () => server.close(),
    () => deadlines.close(),
    () => peer.close(),
  );
  return { peer, asked };
}

describe('what the peer says it has had already', () => {
  it('is signed anew where it only reads', async () => {
    for (const way of ['send', 'open'] as const) {
      const { peer, asked } = await startReplayed();
      const request = { method: 'GET', target: '/v1/a/c/o' };
      if (way === 'send') {
        expect(await peer.send(request)).toMatchObject({ kind: 'answer', answer: { status: 200 } });
      } else {
        const said = await peer.open(request);
        if (said.kind !== 'answer') throw new Error(said.detail);
        expect((await collectBody(said.response.body, 9)).toString()).toBe('it');
      }
      expect([asked.length, new Set(asked).size]).toEqual([2, 2]);
    }
  });

  it('is not sent again where it changes something', async () => {
    const first = await startReplayed();
    const put = { method: 'PUT', target: '/v1/a/c', body: Buffer.from('x') };
    expect(await first.peer.send(put)).toMatchObject({ kind: 'answer', answer: { status: 401 } });
    const second = await startReplayed();
    expect(await second.peer.open(put)).toMatchObject({ kind: 'unreachable', hasDoneNothing: false });
    expect([first.asked.length, second.asked.length]).toEqual([1, 1]);
  });
});
