// One simulated cluster: a model Swift with the real gateway and daemon code in front of it, in several processes, and peers
// that reach each other through a network that fails on request. Left out: HTTP, signatures, tokens, the breaker's own probing.
import { createSecretKey } from 'node:crypto';
import { Afterwards } from '../../src/gateway/afterwards.js';
import { answerRecords, isRecordsRequest } from '../../src/gateway/doors/records-door.js';
import { errorAnswer } from '../../src/gateway/answer.js';
import { changeContainer } from '../../src/gateway/changes/container-change.js';
import { deleteContainer } from '../../src/gateway/changes/container-delete.js';
import { carryOut } from '../../src/gateway/changes/receive.js';
import { Counters } from '../../src/gateway/counters.js';
import type { Site } from '../../src/gateway/site.js';
import type { Exchange, Next, OutgoingResponse } from '../../src/gateway/station.js';
import { HeaderList } from '../../src/http/headers.js';
import type { Transport } from '../../src/http/http-client.js';
import type { IncomingResponse } from '../../src/http/client-connection.js';
import { MessageBody } from '../../src/http/message-body.js';
import type { ClientAnswer } from '../../src/http/request-sender.js';
import { AutosyncError } from '../../src/lib/errors.js';
import type { Clusters } from '../../src/peers/clusters.js';
import type { Peer, PeerRequest, PeerResult } from '../../src/peers/peer.js';
import { ContainerKeys } from '../../src/site/container-keys.js';
import { Keeper } from '../../src/records/keeper.js';
import { parseRecord } from '../../src/records/record.js';
import { Store } from '../../src/records/store.js';
import { Fence } from '../../src/site/fence.js';
import { PendingWorker } from '../../src/daemon/pending.js';
import { parseSwiftPath } from '../../src/swift/path.js';
import { SwiftClient } from '../../src/swift/swift-client.js';
import { nextInRing } from '../../src/sync/ring.js';
import type { SecretsFile } from '../../src/sync/secrets.js';
import { isOwnSyncTo, realmSyncTo } from '../../src/sync/sync-to.js';
import { SILENT } from '../support/bare-gateway.js';
import { ModelSwift, type ModelRequest } from './model-swift.js';
import type { Network } from './network.js';
import { headersIn, recordIn } from './trace.js';
import { deaths, NETWORK, type Life, type World } from './world.js';

export const ACCOUNT = 'AUTH_test';
export const OWN_ACCOUNT = 'AUTH_autosync';
export const MAX_SKEW_MS = 60_000;
/** How long a peer that did not answer is not asked again. */
const DOWN_MS = 3_000;

const SECRETS = {
  current: { number: 1, secret: createSecretKey(Buffer.alloc(32, 1)) },
  previous: undefined,
};

/** Bugs of the surroundings; those of the code are planted by mocks (bites.test.ts). */
export interface Planted {
  /** All processes of a cluster write the same objects. */
  readonly isWriterShared?: boolean;
  /** The daemon takes a container that no listing shows for one that is not there, with all that is in it. */
  readonly areListingsBelieved?: boolean;
}

/** A gateway or a daemon, from its start to its death. */
export interface Process {
  readonly life: Life;
  readonly site: Site;
  readonly keeper: Keeper;
  readonly pending: PendingWorker;
}

const noClients = (): Promise<never> =>
  Promise.reject(new Error('No cluster sends its clients’ requests here.'));

export class Cluster {
  readonly name: string;
  readonly swift: ModelSwift;
  readonly #world: World;
  readonly #network: Network;
  readonly #planted: Planted;
  readonly #others: () => readonly Cluster[];
  readonly #processes = new Map<string, Process>();
  /** How wrong each process's clock is. */
  readonly offsets = new Map<string, number>();
  /** Requests to Swift that fail, by process: before or after they were done. */
  readonly troubles = new Map<string, ('before' | 'after')[]>();
  #turn = 0;

  constructor(
    world: World,
    network: Network,
    name: string,
    index: number,
    others: () => readonly Cluster[],
    swiftOffsetMs: number,
    planted: Planted,
  ) {
    this.#planted = planted;
    this.#world = world;
    this.#network = network;
    this.name = name;
    this.#others = others;
    this.swift = new ModelSwift(index, () => world.nowMs + swiftOffsetMs);
    for (const role of PROCESSES) this.start(role);
  }

  process(role: string): Process {
    return this.#processes.get(role) as Process;
  }

  /** Again, with the name that its forerunner had as a writer. */
  start(role: string): void {
    this.#processes.set(role, this.#build(role));
  }

  /** Whoever waits for an answer of that process hears that there will be none; it is started again at once. */
  restart(role: string, unheard: number): void {
    const { life } = this.process(role);
    this.#world.kill(life, unheard);
    this.start(role);
    for (const hear of deaths(life)) hear();
  }

  /** A client's container PUT, POST or DELETE at a gateway. Never settles when that gateway dies over it. */
  async change(role: string, method: string, container: string, headers: HeaderList): Promise<ClientAnswer> {
    const { site, life } = this.process(role);
    const target = `/v1/${ACCOUNT}/${container}`;
    const exchange = exchangeFor(method, target, headers);
    const next: Next = async () => toOutgoing(await this.#ask(life, withoutBody(exchange)));
    const name = { account: ACCOUNT, container };
    return this.#answer(exchange, () =>
      method === 'DELETE'
        ? deleteContainer(site, exchange, next, name)
        : changeContainer(site, exchange, next, name),
    );
  }

  /** A peer's request, come in at one of the gateways. Never settles when that gateway dies over it. */
  async receive(role: string, { method, target, headers, body }: PeerRequest): Promise<ClientAnswer> {
    const { site, life } = this.process(role);
    const exchange = exchangeFor(method, target, headers?.clone() ?? new HeaderList());
    const next: Next = async () => toOutgoing(await this.#ask(life, withoutBody(exchange)));
    return this.#answer(exchange, () =>
      isRecordsRequest(exchange)
        ? answerRecords(site, exchange)
        : carryOut(site, exchange, next, { body: body ?? Buffer.alloc(0), ownWay: noClients }),
    );
  }

  nextGateway(): string {
    this.#turn += 1;
    return GATEWAYS[this.#turn % GATEWAYS.length] as string;
  }

  /** As `catch_errors` does. */
  async #answer(exchange: Exchange, work: () => Promise<OutgoingResponse>): Promise<ClientAnswer> {
    let response: OutgoingResponse;
    try {
      response = await work();
    } catch (error) {
      if (!(error instanceof AutosyncError)) this.#world.faults.push(error);
      response = errorAnswer(exchange, error);
    }
    const body = Buffer.isBuffer(response.body) ? response.body : Buffer.alloc(0);
    return { ...response, body };
  }

  #build(role: string): Process {
    const life: Life = { name: `${this.name}.${role}`, isDead: false };
    const now = (): number => this.#world.nowMs + (this.offsets.get(role) ?? 0);
    const swift = new SwiftClient(
      { request: (request) => this.#ask(life, request) },
      undefined,
      Number.MAX_SAFE_INTEGER,
    );
    const keeper = new Keeper({
      store: new Store(swift, () => Promise.resolve(OWN_ACCOUNT)),
      cluster: this.name,
      maxAheadMs: MAX_SKEW_MS,
      log: SILENT,
      now,
      monotonic: () => this.#world.nowMs,
      writer: `${this.name}.sim.${this.#planted.isWriterShared === true ? 0 : PROCESSES.indexOf(role)}`,
      sleep: (ms) => this.#world.sleep(life, ms),
    });
    const site = this.#site(life, swift, keeper, now);
    return { life, site, keeper, pending: new PendingWorker(site, keeper, { random: () => 0.5 }) };
  }

  #site(life: Life, swift: SwiftClient, records: Keeper, now: () => number): Site {
    const clusters = this.#clusters(life);
    const site: Omit<Site, 'nonces'> = {
      options: {
        isAccountOurs: (account) => account === ACCOUNT,
        accounts: [ACCOUNT],
        consistency: 'eventual',
        peerAuth: 'service',
        userSync: 'deny',
        peerTimeoutMs: Number.MAX_SAFE_INTEGER,
        maxClockSkewMs: MAX_SKEW_MS,
        deleteProbeLimit: 1_000,
        policyMap: new Map(),
        accountDeleteDelayMs: Infinity,
        objectAck: () => 'local',
        namespace: 'everywhere',
        reads: { order: [], hedgeDelayMs: 0, timeoutMs: 0, negativeTtlMs: 0 },
        failover: 'none',
        isSyncHost: () => false,
        defaultPlacement: () => this.#others().map(({ name }) => name),
      },
      clusters,
      containerKeys: new ContainerKeys(swift, clusters, () => this.#world.nowMs),
      swift,
      transport: this.#transport(life),
      secrets: { get: () => SECRETS } as unknown as SecretsFile,
      serviceToken: undefined,
      dropServiceToken: () => undefined,
      ownAccount: () => Promise.resolve(OWN_ACCOUNT),
      records,
      // Nobody is away for days here.
      fence: new Fence(undefined, Infinity, SILENT),
      now,
      log: SILENT,
      close: () => undefined,
      copies: { add: () => undefined, copy: () => Promise.resolve([]) },
      counters: new Counters(),
      afterwards: new Afterwards(SILENT),
    };
    return site as Site;
  }

  /** A request of this cluster's own to its Swift. */
  #ask(life: Life, { method, target, headers, body }: ModelRequest): Promise<ClientAnswer> {
    const sent = headers?.clone();
    const world = this.#world;
    const label = world.isTraced
      ? `${life.name}: ${method} ${target.replace('/v1/', '')}${headersIn(sent)}`
      : '';
    return world.step(life, '', () => {
      const trouble = this.troubles.get(roleOf(life))?.shift();
      if (trouble !== undefined) world.note(`${label}: trouble ${trouble} it is done`);
      if (trouble === 'before') throw new AutosyncError('TIMEOUT', 'simulated');
      const before = method === 'PUT' ? this.#storedAt(target) : undefined;
      const isBlind = this.#planted.areListingsBelieved === true && roleOf(life) === 'd';
      const isSeen = !isBlind || method !== 'HEAD' || this.swift.isListed(target);
      const answer = this.swift.handle({
        method,
        target: isSeen ? target : target.replace(/(?=\?|$)/, '-unlisted'),
        headers: sent,
        body,
      });
      if (method === 'PUT') this.#checkRecord(target, before, body);
      if (world.isTraced) world.note(`${label}: ${answer.status}${recordIn(target, body ?? answer.body)}`);
      if (trouble === 'after') throw new AutosyncError('TIMEOUT', 'simulated');
      return answer;
    });
  }

  #storedAt(target: string): Buffer | undefined {
    const path = parseSwiftPath(target);
    if (path.kind !== 'object' || path.account !== OWN_ACCOUNT || !/^[ac]\//.test(path.object))
      return undefined;
    return this.swift.find(path.account, path.container)?.objects.get(path.object)?.body;
  }

  /** What was recorded once is never taken back. */
  #checkRecord(target: string, before: Buffer | undefined, after: string | Buffer | undefined): void {
    if (before === undefined || after === undefined) return;
    const now = parseRecord(Buffer.from(after)).desired;
    for (const [name, { version }] of parseRecord(before).desired) {
      if ((now.get(name)?.version ?? '') >= version) continue;
      this.#world.wrong.push(`${target} forgot ${name} of ${version}`);
    }
  }

  #clusters(life: Life): Clusters {
    const peers = new Map<string, Peer>();
    const peer = (name: string): Peer | undefined => {
      const cluster = this.#others().find((each) => each.name === name);
      if (cluster === undefined || name === this.name) return undefined;
      const known = peers.get(name) ?? this.#peer(life, cluster);
      peers.set(name, known);
      return known;
    };
    const names = (): string[] => this.#others().map((each) => each.name);
    const own = (): { realm: string; clusters: string[] } => ({ realm: 'sim', clusters: names() });
    const clusters = {
      mine: this.name,
      signatureName: this.name,
      realmName: '',
      isMine: (name: string) => name === this.name,
      all: names,
      realmKeys: () => [],
      peer,
      syncTo: (placement: readonly string[], account: string, container: string) => {
        const next = nextInRing(placement, this.name);
        return next === undefined ? undefined : realmSyncTo('sim', next, account, container);
      },
      isOwnSyncTo: (syncTo: string, account: string, container: string) =>
        isOwnSyncTo(syncTo, own(), account, container),
    } satisfies Partial<Clusters>;
    return clusters as unknown as Clusters;
  }

  #peer(life: Life, to: Cluster): Peer {
    let downUntilMs = 0;
    const world = this.#world;
    const send = async (request: PeerRequest): Promise<PeerResult> => {
      const gone = (): PeerResult => {
        downUntilMs = world.isFree ? 0 : world.nowMs + DOWN_MS;
        return { kind: 'unreachable', detail: 'simulated' };
      };
      if (world.nowMs < downUntilMs) return { kind: 'unreachable', detail: 'known to be down' };
      const label = `to ${to.name}: ${request.method} ${request.target}`;
      const fate = await world.step(life, label, () =>
        this.#network.isCut(this.name, to.name) ? 'cut' : this.#network.take(this.name, to.name),
      );
      switch (fate) {
        case 'cut':
        case 'lost':
          return gone();
        case 'unanswered':
          await deliver(to, request);
          return gone();
        case 'late':
          void world.step(NETWORK, `late ${label}`, () => void deliver(to, request));
          return gone();
        case 'twice':
          void world.step(NETWORK, `again ${label}`, () => void deliver(to, request));
          break;
        case undefined:
      }
      const answer = await deliver(to, request);
      return answer === undefined ? gone() : { kind: 'answer', answer };
    };
    const peer = {
      name: to.name,
      send,
      get isDown() {
        return world.nowMs < downUntilMs;
      },
      downtime: undefined,
    };
    return peer as unknown as Peer;
  }

  /** Takes container sync's question about an object. */
  #transport(life: Life): Transport {
    return {
      authority: 'swift',
      send: async ({ head, onInformation }) => {
        const [line = '', ...fields] = head.split('\r\n').filter((text) => text !== '');
        const [method = '', target = ''] = line.split(' ');
        const headers = HeaderList.from(fields.map((field) => splitField(field)));
        const answer = await this.#ask(life, { method, target, headers });
        const response: IncomingResponse = {
          version: '1.1',
          ...answer,
          body: new MessageBody({ kind: 'none' }, { pause: () => undefined, resume: () => undefined }),
        };
        if (answer.status !== 100) return response;
        onInformation?.(response);
        throw new AutosyncError('UPSTREAM_BROKEN', 'given up');
      },
    };
  }
}

export const GATEWAYS = ['g0', 'g1'] as const;
export const PROCESSES: readonly string[] = [...GATEWAYS, 'd'];

/** Undefined when the gateway that took it died over it. */
async function deliver(to: Cluster, request: PeerRequest): Promise<ClientAnswer | undefined> {
  const role = to.nextGateway();
  const { life } = to.process(role);
  const died = new Promise<undefined>((resolve) => deaths(life).push(() => resolve(undefined)));
  return Promise.race([to.receive(role, request), died]);
}

function roleOf(life: Life): string {
  return life.name.slice(life.name.indexOf('.') + 1);
}

function exchangeFor(method: string, target: string, headers: HeaderList): Exchange {
  const framing = { kind: 'none' };
  const request = { method, target, headers, framing } as unknown as Exchange['request'];
  return {
    id: 'sim',
    request,
    path: parseSwiftPath(target),
    placement: undefined,
    outlivesClient: false,
  };
}

function withoutBody({ request: { method, target, headers } }: Exchange): ModelRequest {
  return { method, target, headers };
}

function toOutgoing({ status, reason, headers, body }: ClientAnswer): OutgoingResponse {
  return { status, reason, headers: headers.clone(), body };
}

function splitField(field: string): [string, string] {
  const colon = field.indexOf(':');
  return [field.slice(0, colon), field.slice(colon + 1).trim()];
}
