// What a cluster's Swift lists: this one's, or a peer's through its gateway. A listing may lag behind.
import type { HeaderList } from '../http/headers.js';
import type { ClientAnswer } from '../http/request-sender.js';
import { AutosyncError } from '../lib/errors.js';
import type { Sorted } from '../lib/merge-join.js';
import { compareNames } from '../lib/name-order.js';
import type { Peer } from '../peers/peer.js';
import type { BaseSite } from '../site/site.js';
import { encodeName, swiftTarget } from '../swift/path.js';
import type { Rights } from '../swift/swift-client.js';

/** Asks a cluster's Swift. */
export interface Source {
  readonly cluster: string;
  readonly ask: (method: string, target: string, headers?: HeaderList) => Promise<ClientAnswer>;
}

/** Rows asked for at once. Swift gives up to 10,000, which take several times the memory and save little time. */
const PAGE = 2_000;

export function localSource({ clusters, swift }: BaseSite, rights: Rights = { kind: 'service' }): Source {
  return {
    cluster: clusters.mine,
    ask: (method, target, headers) => swift.request(rights, { method, target, ...given(headers) }),
  };
}

/** Its questions throw PEER_UNREACHABLE; a retry may help. */
export function peerSource(peer: Peer): Source {
  return {
    cluster: peer.name,
    async ask(method, target, headers) {
      const result = await peer.send({ method, target, ...given(headers) });
      if (result.kind === 'answer') return result.answer;
      throw new AutosyncError('PEER_UNREACHABLE', `${peer.name}: ${result.detail}`);
    },
  };
}

function given(headers: HeaderList | undefined): { readonly headers?: HeaderList } {
  return headers === undefined ? {} : { headers };
}

/** An account's containers after that name, each with the date of its row: when it was made last (UTC, without a zone). @throws AutosyncError SWIFT_REFUSED and what the source throws */
export async function* listContainers(
  { cluster, ask }: Source,
  account: string,
  after = '',
): Sorted<ReadonlySet<string>> {
  for (let marker = after; ;) {
    const query = `?format=json&limit=${PAGE}&marker=${encodeName(marker)}`;
    const { status, reason, body } = await ask('GET', swiftTarget(account) + query);
    // 410: it is deleted.
    if (status === 404 || status === 204 || status === 410) return;
    if (status !== 200)
      throw new AutosyncError('SWIFT_REFUSED', `${cluster}: GET of an account: ${status} ${reason}.`);
    const rows = JSON.parse(body.toString('utf8')) as { name: string; last_modified: string }[];
    rows.sort((a, b) => compareNames(a.name, b.name));
    for (const { name, last_modified: date } of rows) yield [name, new Set([date])];
    const last = rows.at(-1)?.name;
    if (last === undefined || rows.length < PAGE) return;
    marker = last;
  }
}
