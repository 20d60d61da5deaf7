// Asks one cluster of an account: its totals, and pages of its listing. Knows nothing of other clusters, nor of clients.
import { collectBody } from '../../../http/message-body.js';
import type { ClientAnswer } from '../../../http/request-sender.js';
import { untilAborted } from '../../../lib/time-limit.js';
import type { Peer } from '../../../peers/peer.js';
import { withToken } from '../../../converge/change-headers.js';
import { isSuccess, type Rights } from '../../../swift/swift-client.js';
import type { Site } from '../../site.js';
import { parseJsonRows, type Row } from './rows.js';
import { NOTHING, totalsIn, type Totals } from './totals.js';

export interface AccountAnswer {
  /** Of the whole account there. */
  readonly totals: Totals;
  /** Of the page that was asked for; none in the answer to a HEAD. */
  readonly rows: readonly Row[];
}

export interface AccountSource {
  readonly cluster: string;
  /** Undefined where it did not say before the signal. */
  ask(method: 'GET' | 'HEAD', target: string, signal: AbortSignal): Promise<AccountAnswer | undefined>;
}

/** A page of 10,000 names of 256 bytes, however they are escaped, stays below. */
export const MAX_PAGE_BYTES = 33_554_432;

const NO_ACCOUNT: AccountAnswer = { totals: NOTHING, rows: [] };

export function localAccount({ clusters, swift }: Site, rights: Rights): AccountSource {
  return {
    cluster: clusters.mine,
    ask: (method, target, signal) =>
      understood(() => untilAborted(signal, swift.request(rights, { method, target }))),
  };
}

/** @param rights the service user's there, or with the client's own token */
export function peerAccount(peer: Peer, rights: Rights): AccountSource {
  return {
    cluster: peer.name,
    ask: (method, target, signal) =>
      understood(() => untilAborted(signal, askPeer(peer, rights, { method, target, signal }))),
  };
}

type Answer = Pick<ClientAnswer, 'status' | 'headers' | 'body'>;

/** Whatever goes wrong with one cluster is no answer of it. */
async function understood(ask: () => Promise<Answer | undefined>): Promise<AccountAnswer | undefined> {
  const answer = await ask().catch(() => undefined);
  if (answer === undefined) return undefined;
  // There is no such account there, or no more.
  if (answer.status === 404 || answer.status === 410) return NO_ACCOUNT;
  const totals = isSuccess(answer.status) ? totalsIn(answer.headers) : undefined;
  const rows = answer.body.length === 0 ? [] : parseJsonRows(answer.body);
  return totals === undefined || rows === undefined ? undefined : { totals, rows };
}

async function askPeer(
  peer: Peer,
  rights: Rights,
  { method, target, signal }: { method: string; target: string; signal: AbortSignal },
): Promise<Answer | undefined> {
  let giveUp = (): void => undefined;
  const onAbort = (): void => giveUp();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const said = await peer.open({ method, target, headers: withToken(rights) }, (abort) => {
      giveUp = abort;
      if (signal.aborted) abort();
    });
    if (said.kind === 'unreachable') return undefined;
    const { status, headers, body } = said.response;
    if (signal.aborted) body.abandon();
    return signal.aborted ? undefined : { status, headers, body: await collectBody(body, MAX_PAGE_BYTES) };
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
