// What came of a change on each cluster, and what the client is told of it (`consistency`).
import type { HeaderList } from '../../http/headers.js';
import { MessageBody } from '../../http/message-body.js';
import { toldDetail, type Told } from '../../converge/tell-peer.js';
import { AutosyncError } from '../../lib/errors.js';
import { isSuccess } from '../../swift/swift-client.js';
import { negotiatedAnswer } from '../answer.js';
import type { Site } from '../site.js';
import type { Audience } from '../../site/site.js';
import type { Exchange, OutgoingResponse } from '../station.js';

/** In an answer: the clusters that do not have the change yet. */
export const PENDING = 'X-Autosync-Pending';

/** One cluster's part in a change. */
export interface Outcome {
  readonly cluster: string;
  readonly isDone: boolean;
  /** Its Swift's or its gateway's status; undefined when there was none. */
  readonly status: number | undefined;
  /** In a few words, for people. */
  readonly detail: string;
}

export function outcomeOf(cluster: string, told: Told): Outcome {
  const { isDone, result } = told;
  const status = result.kind === 'answer' ? result.answer.status : undefined;
  return { cluster, isDone, status, detail: toldDetail(told) };
}

/** The same for all peers: none of them heard of the change. */
export function nobodyHeard(audience: Audience, detail: string): Outcome[] {
  return audience.peers.map(({ name }) => ({ cluster: name, isDone: false, status: undefined, detail }));
}

/** The outcomes of clusters that placement names and nobody knows. */
function unknownOutcomes(audience: Audience): Outcome[] {
  return audience.unknown.map((cluster) => ({
    cluster,
    isDone: false,
    status: undefined,
    detail: 'unknown cluster: name it in container-sync-realms.conf, or mend the placement',
  }));
}

/**
 * Tells the peers of a change that the local Swift has done, and concludes. Whatever goes wrong in that, the client's
 * success stands: the peers are then pending.
 *
 * @param tell may add headers to the response; resolves with what came of it at each peer
 */
export async function followUp(
  site: Site,
  exchange: Exchange,
  response: OutgoingResponse,
  audience: Audience,
  tell: () => Promise<readonly Outcome[]>,
): Promise<OutgoingResponse> {
  let outcomes: readonly Outcome[];
  try {
    outcomes = await tell();
  } catch (error) {
    const fields = { txn: exchange.id, path: exchange.request.target, err: error };
    site.log.error(fields, 'the peers could not be told of a change');
    outcomes = nobodyHeard(audience, reasonOf(error));
  }
  return conclude(site, exchange, response, [...outcomes, ...unknownOutcomes(audience)]);
}

/** In words for a client or a log: nothing of what is inside an unknown error. */
export function reasonOf(error: unknown): string {
  if (error instanceof AutosyncError) return `${error.message} ${error.kind.hint}`;
  return 'the gateway failed; its log says more';
}

/**
 * The client's answer to a change that its own cluster did: that cluster's answer, naming who is behind; or, where
 * `consistency` asks for more than was reached, a 503 that says what each cluster said (for a DELETE the worst of their
 * statuses that is not 404, as the original autosync did).
 */
function conclude(
  site: Site,
  exchange: Exchange,
  response: OutgoingResponse,
  outcomes: readonly Outcome[],
): OutgoingResponse {
  const behind = outcomes.filter((outcome) => !outcome.isDone);
  if (behind.length === 0) return response;
  for (const { cluster, status, detail } of behind) {
    site.log.warn(
      { txn: exchange.id, cluster, status, path: exchange.request.target },
      `change pending: ${detail}`,
    );
  }
  site.counters.add('changes_pending');
  const { consistency } = site.options;
  const doneCount = outcomes.length - behind.length + 1;
  const isEnough =
    consistency === 'eventual' ||
    (consistency === 'quorum' && doneCount > Math.floor((outcomes.length + 1) / 2));
  if (isEnough) {
    addPending(response.headers, behind);
    return response;
  }
  if (response.body instanceof MessageBody) response.body.abandon();
  const refusal = describe(site, exchange, response, outcomes);
  addPending(refusal.headers, behind);
  return refusal;
}

function addPending(headers: HeaderList, behind: readonly Outcome[]): void {
  headers.set(PENDING, behind.map(({ cluster }) => cluster).join(', '));
}

function describe(
  site: Site,
  exchange: Exchange,
  response: OutgoingResponse,
  outcomes: readonly Outcome[],
): OutgoingResponse {
  const mine: Outcome = {
    cluster: site.clusters.mine,
    isDone: true,
    status: response.status,
    detail: response.reason,
  };
  const all = [mine, ...outcomes];
  const lines = all.map(({ cluster, status, detail }) => `${cluster}: ${status ?? 'no answer'}, ${detail}`);
  const text = `The change is not done on every cluster. The daemon completes it, as does repeating the request.\n${lines.join('\n')}`;
  const data = {
    error: 'NOT_EVERYWHERE',
    clusters: Object.fromEntries(all.map(({ cluster, ...rest }) => [cluster, rest])),
  };
  const status = exchange.request.method === 'DELETE' ? worstStatus(all) : 503;
  return negotiatedAnswer(exchange, status, data, text);
}

function worstStatus(outcomes: readonly Outcome[]): number {
  const statuses = outcomes.map(({ status }) => status ?? 503).filter((status) => status !== 404);
  const worst = Math.max(...statuses);
  return isSuccess(worst) ? 503 : worst;
}
