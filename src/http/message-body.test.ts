// Promises of a body that somebody reads along.
import { describe, expect, it } from 'vitest';
import type { Framing } from './head.js';
import { collectBody, MessageBody, type BodyWatcher } from './message-body.js';

const SOURCE = { pause: () => undefined, resume: () => undefined };

function watcherOf(): { watcher: BodyWatcher; seen: () => string } {
  let seen = '';
  return {
    watcher: { data: (chunk) => (seen += chunk.toString()), end: () => (seen += '|') },
    seen: () => seen,
  };
}

describe('a watcher', () => {
  it.each<[string, Framing, readonly string[]]>([
    ['a length', { kind: 'length', length: 5 }, ['ab', 'cde']],
    ['chunks', { kind: 'chunked' }, ['2\r\nab\r\n3', '\r\ncde\r\n0\r\n\r\n']],
  ])('sees all of a body framed by %s, before and after the consumer came', async (_, framing, pieces) => {
    const body = new MessageBody(framing, SOURCE, true);
    const { watcher, seen } = watcherOf();
    body.feed(Buffer.from(pieces[0]!));
    body.watch(watcher);
    const collected = collectBody(body, 100);
    body.feed(Buffer.from(pieces[1]!));
    expect([seen(), (await collected).toString()]).toEqual(['abcde|', 'abcde']);
  });

  it('hears of the end at once where all is here, and where nothing comes', () => {
    const whole = watcherOf();
    const body = new MessageBody({ kind: 'length', length: 2 }, SOURCE);
    body.feed(Buffer.from('ab'));
    body.watch(whole.watcher);
    expect([whole.seen(), body.takeBuffered()?.toString()]).toEqual(['ab|', 'ab']);
    expect(body.takeBuffered()?.toString()).toBe('ab');
    const none = watcherOf();
    new MessageBody({ kind: 'none' }, SOURCE).watch(none.watcher);
    expect(none.seen()).toBe('|');
  });

  it.each<[string, (body: MessageBody) => void]>([
    ['the connection breaks', (body) => body.sourceEnded()],
    ['the consumer goes away', (body) => body.abandon()],
  ])('hears of the end once when %s', (_, breakOff) => {
    const body = new MessageBody({ kind: 'length', length: 5 }, SOURCE);
    const { watcher, seen } = watcherOf();
    body.watch(watcher);
    body.feed(Buffer.from('ab'));
    breakOff(body);
    breakOff(body);
    expect(seen()).toBe('ab|');
  });
});

describe('a body that is gathered', () => {
  it('is whole when all has come, and can be looked at, and sent', async () => {
    const body = new MessageBody({ kind: 'length', length: 4 }, SOURCE);
    body.feed(Buffer.from('ab'));
    const gathered = body.gather(4);
    body.feed(Buffer.from('cd'));
    expect((await gathered)?.toString()).toBe('abcd');
    const { watcher, seen } = watcherOf();
    body.watch(watcher);
    expect([seen(), body.takeBuffered()?.toString()]).toEqual(['abcd|', 'abcd']);
  });

  it('comes without its chunks, and is sent with them', async () => {
    const body = new MessageBody({ kind: 'chunked' }, SOURCE);
    body.feed(Buffer.from('2\r\nab\r\n1\r\n'));
    const gathered = body.gather(100);
    body.feed(Buffer.from('c\r\n0\r\n\r\n'));
    expect((await gathered)?.toString()).toBe('abc');
    expect(body.takeBuffered()?.toString()).toBe('2\r\nab\r\n1\r\nc\r\n0\r\n\r\n');
  });

  it('is not kept beyond the limit, and then flows on as it came', async () => {
    let paused = 0;
    const body = new MessageBody({ kind: 'length', length: 6 }, { ...SOURCE, pause: () => (paused += 1) });
    const gathered = body.gather(3);
    body.feed(Buffer.from('ab'));
    expect(paused).toBe(0);
    body.feed(Buffer.from('cd'));
    expect([await gathered, paused]).toEqual([undefined, 1]);
    const collected = collectBody(body, 100);
    body.feed(Buffer.from('ef'));
    expect((await collected).toString()).toBe('abcdef');
  });

  it('is not whole where it breaks off', async () => {
    const body = new MessageBody({ kind: 'length', length: 6 }, SOURCE);
    const gathered = body.gather(10);
    body.feed(Buffer.from('ab'));
    body.fail(new Error('gone'));
    expect(await gathered).toBeUndefined();
  });
});
