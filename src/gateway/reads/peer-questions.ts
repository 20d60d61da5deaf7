// On whose rights this cluster and others are asked what an object is: the gateways' own, or, where all clusters share one identity service
// (`peer_auth = token`), the client's. Always raw: what the answer points to is not followed.
import { localSource, peerSource, type Source } from '../../converge/cluster-listing.js';
import { HeaderList } from '../../http/headers.js';
import { AutosyncError } from '../../lib/errors.js';
import { asClient } from '../../peers/acts-as.js';
import type { Peer } from '../../peers/peer.js';
import { swiftTarget } from '../../swift/path.js';
import { isSuccess } from '../../swift/swift-client.js';
import { parseTimestamp } from '../../swift/timestamp.js';
import { rightsFor, type Site } from '../site.js';
import type { Exchange } from '../station.js';
import type { ClientRights } from './client-rights.js';
import { rawQuery, type ObjectName } from './pointer.js';

/** In ticks. `none`: it is not there. `unknown`: the cluster did not say. */
export type ObjectDate = bigint | 'none' | 'unknown';

export class PeerQuestions {
  readonly #site: Site;
  readonly #exchange: Exchange;
  readonly #client: ClientRights;

  constructor(site: Site, exchange: Exchange, client: ClientRights) {
    this.#site = site;
    this.#exchange = exchange;
    this.#client = client;
  }

  /** Of a question to a peer. @param wanted what is wanted of the object */
  headers(wanted = new HeaderList()): HeaderList {
    return this.#isInClientsName ? asClient(this.#inClientsName(wanted)) : wanted;
  }

  at(peer: Peer): Source {
    const { cluster, ask } = peerSource(peer);
    return { cluster, ask: (method, target, wanted) => ask(method, target, this.headers(wanted)) };
  }

  here(): Source {
    const { cluster, ask } = localSource(this.#site, rightsFor(this.#site, this.#exchange));
    if (!this.#isInClientsName) return { cluster, ask };
    return { cluster, ask: (method, target, wanted) => ask(method, target, this.#inClientsName(wanted)) };
  }

  /** When the object was written there. */
  dateAt(peer: Peer, name: ObjectName): Promise<ObjectDate> {
    return dateIn(this.at(peer), name);
  }

  /** The same of this cluster. */
  dateHere(name: ObjectName): Promise<ObjectDate> {
    return dateIn(this.here(), name);
  }

  get #isInClientsName(): boolean {
    return this.#site.options.peerAuth === 'token';
  }

  #inClientsName(wanted = new HeaderList()): HeaderList {
    return new HeaderList([...this.#client.headers.raw, ...wanted.raw]);
  }
}

async function dateIn({ ask }: Source, { account, container, object }: ObjectName): Promise<ObjectDate> {
  try {
    const { status, headers } = await ask('HEAD', swiftTarget(account, container, object) + rawQuery(''));
    if (status === 404) return 'none';
    return (isSuccess(status) ? parseTimestamp(headers.get('x-timestamp') ?? '') : undefined) ?? 'unknown';
  } catch (error) {
    if (error instanceof AutosyncError) return 'unknown';
    throw error;
  }
}
