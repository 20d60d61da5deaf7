// Promises of joined parts: all bytes in order, no faster than they are taken, and never a clean end where a part failed.
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { HeaderList } from '../../../http/headers.js';
import { collectBody, MessageBody } from '../../../http/message-body.js';
import type { OutgoingResponse } from '../../station.js';
import { joinParts, PartRefused, type Part, type PartToRead } from './joined-body.js';

const PART_BYTES = 200_000;

function bytesOf(name: string): Buffer {
  return Buffer.alloc(PART_BYTES, `${name} 3456`);
}

function part(object: string, lengthBytes = PART_BYTES): Part {
  const toRead = {
    account: 'a',
    container: 'c',
    object,
    range: undefined,
    etag: undefined,
    isLargeObject: false,
  };
  return { toRead, lengthBytes };
}

/** Parts fed as connections feed them: the next bytes in the same memory, and only when it is asked for more. */
class Parts {
  readonly opened: string[] = [];
  readonly gone: string[] = [];
  readBytes = 0;
  readonly bodies = new Map<string, MessageBody>();

  readonly read = ({ object }: PartToRead): Promise<OutgoingResponse> => {
    this.opened.push(object);
    if (object === 'missing') return Promise.resolve(answerOf(404, new HeaderList(), undefined));
    return Promise.resolve(
      answerOf(200, HeaderList.from({ 'Content-Length': String(PART_BYTES) }), this.#flow(object)),
    );
  };

  #flow(object: string): MessageBody {
    const memory = Buffer.alloc(65_536);
    const bytes = bytesOf(object);
    let [at, isPaused, isGone] = [0, false, false];
    const flow = (): void => {
      while (!isPaused && !isGone && at < bytes.length) {
        const size = bytes.copy(memory, 0, at, at + memory.length);
        at += size;
        this.readBytes += size;
        body.feed(memory.subarray(0, size));
        if (object === 'broken') body.fail(new Error('gone'));
      }
    };
    const body = new MessageBody(
      { kind: 'length', length: PART_BYTES },
      {
        pause: () => (isPaused = true),
        resume: () => {
          isPaused = false;
          flow();
        },
        settled: () => {
          isGone = true;
          this.gone.push(object);
        },
      },
    );
    this.bodies.set(object, body);
    flow();
    return body;
  }
}

function answerOf(status: number, headers: HeaderList, body: MessageBody | undefined): OutgoingResponse {
  return { status, reason: 'x', headers, body };
}

function framing(parts: number, more = 0): { readonly kind: 'length'; readonly length: number } {
  return { kind: 'length', length: parts * PART_BYTES + more };
}

describe('joined parts', () => {
  it('arrive whole and in order, bytes that are here already among them', async () => {
    const { read } = new Parts();
    const pieces = [Buffer.from('<'), part('1'), Buffer.from('|'), part('2'), Buffer.from('>')];
    const joined = await joinParts(pieces, read, framing(2, 3), vi.fn());
    const expected = [Buffer.from('<'), bytesOf('1'), Buffer.from('|'), bytesOf('2'), Buffer.from('>')];
    expect((await collectBody(joined, Infinity)).equals(Buffer.concat(expected))).toBe(true);
  });

  it('are no bytes at all where there is no part', async () => {
    const joined = await joinParts([], new Parts().read, { kind: 'length', length: 0 }, vi.fn());
    expect(await collectBody(joined, 1)).toEqual(Buffer.alloc(0));
  });

  it('travel in chunks where their length is not known', async () => {
    const { read } = new Parts();
    const joined = await joinParts(
      [part('1'), Buffer.alloc(0), part('2')],
      read,
      { kind: 'chunked' },
      vi.fn(),
    );
    const expected = Buffer.concat([bytesOf('1'), bytesOf('2')]);
    expect((await collectBody(joined, Infinity)).equals(expected)).toBe(true);
  });

  it('are read no faster than they are taken, and none is opened ahead', async () => {
    const parts = new Parts();
    const joined = await joinParts([part('1'), part('2'), part('3')], parts.read, framing(3), vi.fn());
    await turn();
    expect(parts.readBytes).toBe(65_536);
    const taken: Buffer[] = [];
    const ended = vi.fn();
    joined.consume({
      data: (chunk) => {
        setTimeout(() => {
          taken.push(Buffer.from(chunk));
          expect(parts.readBytes - Buffer.concat(taken).length).toBeLessThanOrEqual(65_536);
          expect(parts.opened.length).toBeLessThanOrEqual(Buffer.concat(taken).length / PART_BYTES + 1);
          joined.resume();
        }, 1);
        return false;
      },
      end: ended,
      error: (error) => expect.unreachable(String(error)),
    });
    await vi.waitFor(() => expect(ended).toHaveBeenCalledOnce());
    await vi.waitFor(() => expect(Buffer.concat(taken).length).toBe(3 * PART_BYTES));
    const expected = Buffer.concat(['1', '2', '3'].map(bytesOf));
    expect(Buffer.concat(taken).equals(expected)).toBe(true);
  });

  it('are refused before anything is sent where the first of them is, even behind other bytes', async () => {
    const pieces = [Buffer.from('<'), part('missing'), part('2')];
    await expect(joinParts(pieces, new Parts().read, framing(2, 1), vi.fn())).rejects.toThrow(PartRefused);
  });

  it.each(['missing', 'broken'])('break off, and say why, where a later one is %s', async (object) => {
    const onBroken = vi.fn();
    const joined = await joinParts([part('1'), part(object)], new Parts().read, framing(2), onBroken);
    const error: unknown = await collectBody(joined, Infinity).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(joined.isFailed).toBe(true);
    expect(onBroken).toHaveBeenCalledWith(error);
  });

  it.each([PART_BYTES - 1, PART_BYTES + 1])(
    'break off where a part that does not announce its length is not %i bytes long',
    async (lengthBytes) => {
      const parts = new Parts();
      const read = async (toRead: PartToRead): Promise<OutgoingResponse> => {
        const answer = await parts.read(toRead);
        answer.headers.remove('content-length');
        return answer;
      };
      const pieces = [part('1', lengthBytes), part('2')];
      const joined = await joinParts(pieces, read, framing(2), vi.fn());
      await expect(collectBody(joined, Infinity)).rejects.toThrow('longer or shorter');
      expect(parts.opened).toEqual(['1']);
    },
  );

  it.each(['before it is taken', 'while it is taken'])(
    'let the part that is being read go where the client goes away, %s',
    async (when) => {
      const parts = new Parts();
      const onBroken = vi.fn();
      const joined = await joinParts([part('1'), part('2')], parts.read, framing(2), onBroken);
      if (when === 'while it is taken')
        joined.consume({ data: () => false, end: () => undefined, error: () => undefined });
      joined.abandon();
      await turn();
      expect(parts.gone).toEqual(['1']);
      expect(parts.opened).toEqual(['1']);
      expect(onBroken).not.toHaveBeenCalled();
    },
  );

  it('let a part go that comes when the client has gone', async () => {
    const parts = new Parts();
    let arrive: () => void = () => undefined;
    const read = async (toRead: PartToRead): Promise<OutgoingResponse> => {
      if (toRead.object === '2') await new Promise<void>((resolve) => (arrive = resolve));
      return parts.read(toRead);
    };
    const joined = await joinParts([part('1'), part('2')], read, framing(2), vi.fn());
    joined.consume({ data: () => true, end: () => undefined, error: () => undefined });
    await turn();
    joined.abandon();
    arrive();
    await turn();
    expect(parts.gone).toEqual(['1', '2']);
  });
});
