// What a gateway of several clusters answers, against what one Swift answers that has everything.
import { expect } from 'vitest';
import { SERVED_BY } from './as-there.js';
import type { Answer, SwiftSession } from './swift-client.js';

const OF_ONE_ANSWER = new Set(['date', 'x-trans-id', 'x-openstack-request-id', 'connection', SERVED_BY]);
/** With a manifest's ETag, since a manifest says when its segments were written. */
const DATES = new Set(['x-timestamp', 'last-modified', 'x-copied-from-last-modified', 'x-manifest-etag']);

/** But for dates, and for whose account it is. Of a refusal only what it says, in whatever order Swift looked at things. */
function essence({ user: { account } }: SwiftSession, { status, headers, text }: Answer): unknown {
  const said = text.replaceAll(account, 'A').trim();
  if (status >= 400) return { status, said: said.split('\n').sort() };
  // A body that is compared itself may come in chunks or not.
  const isFraming = (name: string): boolean =>
    name === 'transfer-encoding' || (name === 'content-length' && text !== '');
  const kept = Object.entries(headers)
    .filter(([name]) => !OF_ONE_ANSWER.has(name) && !isFraming(name))
    .map(([name, value]) => [name, DATES.has(name) ? 'a date' : value.replaceAll(account, 'A')] as const);
  return { status, headers: new Map(kept.sort(([a], [b]) => (a < b ? -1 : 1))), said };
}

/** The same request gives the same through the gateway as with one Swift; returns what the gateway said. */
export async function expectAsAlone(
  through: SwiftSession,
  alone: SwiftSession,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Answer> {
  const [got, wanted] = await Promise.all(
    [through, alone].map((session) => session.request(method, path, headers, body)),
  );
  const what = `${method} ${path} ${JSON.stringify(headers)} ${body ?? ''}`;
  expect(essence(through, got!), what).toEqual(essence(alone, wanted!));
  return got!;
}
