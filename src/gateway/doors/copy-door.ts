// Copies objects of this cluster to others when a peer asks for it (`autosync verify --repair`, and the object audit): where this cluster
// has the newest, nobody else can send it as it is.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Copied } from '../../copy/copy-object.js';
import { HeaderList } from '../../http/headers.js';
import { queryParameter } from '../../swift/path.js';
import { textAnswer } from '../answer.js';
import { copyOnce } from '../changes/copy-once.js';
import type { Site } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';

const PATH = /^\/autosync\/copy\?/;
/** A copy that takes longer is asked after again. */
const ANSWER_WITHIN_MS = 2_000;
/** A hundredth of a millisecond each: to step over a deletion, and not to change when something was written. */
const MAX_LATER_TICKS = 2;

export function isCopyRequest({ request: { method, target } }: Exchange): boolean {
  return method === 'POST' && PATH.test(target);
}

/** The request is a peer's, and verified. */
export async function answerCopy(site: Site, exchange: Exchange): Promise<OutgoingResponse> {
  const { target } = exchange.request;
  const of = (field: string): string => queryParameter(target, field) ?? '';
  const name = { account: of('account'), container: of('container'), object: of('object') };
  const to = of('to');
  if (!site.options.isAccountOurs(name.account))
    return textAnswer(exchange, 403, 'That account is not among [filter:autosync] accounts.');
  if (name.container === '' || name.object === '')
    return textAnswer(exchange, 400, 'A copy needs container and object.');
  const peer = site.clusters.peer(to);
  if (peer === undefined) return textAnswer(exchange, 400, `There is no cluster ${to}.`);
  await site.fence.load();
  if (site.fence.isFenced(to) || site.fence.isFenced(site.clusters.mine))
    return textAnswer(exchange, 409, 'FENCED: nothing is copied from or to a fenced cluster.');
  const known = await site.containerKeys.get(name, { kind: 'service' });
  if (known === undefined)
    return textAnswer(exchange, 409, 'The container takes no part in container sync here.');
  const laterTicks = Math.min(MAX_LATER_TICKS, Number.parseInt(of('later'), 10) || 0);
  const copy = copyOnce(site, peer, name, known.key, { looksFirst: of('look') === '1', laterTicks });
  if (copy === undefined) return textAnswer(exchange, 202, 'Busy: ask again.');
  const wait = new AbortController();
  const timer = sleep(ANSWER_WITHIN_MS, undefined, { signal: wait.signal }).catch(() => undefined);
  const copied = await Promise.race([copy, timer]);
  wait.abort();
  return copied === undefined ? textAnswer(exchange, 202, 'Under way: ask again.') : json(copied);
}

function json(copied: Copied): OutgoingResponse {
  const headers = HeaderList.from({ 'Content-Type': 'application/json', 'Date': new Date().toUTCString() });
  return { status: 200, reason: 'OK', headers, body: Buffer.from(JSON.stringify(copied)) };
}
