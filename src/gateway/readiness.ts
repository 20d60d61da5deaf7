// What a load balancer asks: can this gateway serve (`/healthcheck/ready`), and can the local Swift (`/healthcheck/local`)? Whether the
// gateway itself is alive, `/healthcheck` says.
import { formatRequestHead } from '../http/head.js';
import { HeaderList } from '../http/headers.js';
import { collectBody } from '../http/message-body.js';
import { AutosyncError } from '../lib/errors.js';
import { audienceFor } from '../site/site.js';
import { textAnswer } from './answer.js';
import type { Site } from './site.js';
import type { Exchange, OutgoingResponse } from './station.js';

const PATH = /^\/healthcheck\/(ready|local)(?:\?|$)/;
const ANSWER_MS = 2_000;
const MAX_BYTES = 65_536;

export function isReadinessCheck({ request: { method, target } }: Exchange): boolean {
  return (method === 'GET' || method === 'HEAD') && PATH.test(target);
}

export async function answerReadiness(site: Site, exchange: Exchange): Promise<OutgoingResponse> {
  if (await isSwiftAnswering(site)) return textAnswer(exchange, 200, 'OK');
  const isLocal = PATH.exec(exchange.request.target)?.[1] === 'local';
  if (isLocal || site.options.failover === 'none')
    return textAnswer(exchange, 503, 'No proxy server of the local Swift answers.');
  const { peers } = audienceFor(site, site.clusters.all());
  const asked = await Promise.all(peers.map((peer) => peer.send({ method: 'GET', target: '/info' })));
  const up = peers.filter((_, i) => asked[i]?.kind === 'answer').map(({ name }) => name);
  const what = site.options.failover === 'all' ? 'reads and writes' : 'reads';
  return up.length === 0
    ? textAnswer(exchange, 503, 'Neither the local Swift answers, nor any other cluster.')
    : textAnswer(exchange, 200, `OK, ${what} by ${up.join(', ')}: the local Swift does not answer.`);
}

async function isSwiftAnswering({ transport }: Site): Promise<boolean> {
  let giveUp: (() => void) | undefined;
  const timer = setTimeout(() => giveUp?.(), ANSWER_MS);
  try {
    const head = formatRequestHead('GET', '/healthcheck', HeaderList.from([['Host', transport.authority]]));
    const onStart = (abort: () => void): void => void (giveUp = abort);
    const response = await transport.send({
      method: 'GET',
      head,
      body: undefined,
      isIdempotent: true,
      onStart,
    });
    await collectBody(response.body, MAX_BYTES);
    return response.status === 200;
  } catch (error) {
    if (error instanceof AutosyncError) return false;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
