// Processes to be killed over a change: a gateway that a client or a peer asks, and a daemon or command that works by itself.
import { spawn } from 'node:child_process';
import { tellPeer } from '../../src/converge/tell-peer.js';
import { Deadlines } from '../../src/http/deadline.js';
import { AUTOSYNC } from '../../src/local/launch.js';
import { Peer } from '../../src/peers/peer.js';
import { cluster, clusters, type Headers } from './clusters.js';
import { confOf, siteOf } from './daemon.js';
import { startGateway, writeConfLike, type Conf, type ExtraGateway } from './extra-gateways.js';
import type { FaultProxy } from './fault-proxy.js';
import type { Subject, Sweep, Victim } from './sweep.js';

const PEER_TIMEOUT_MS = 30_000;
const DEAD = 'http://127.0.0.1:1';

export interface ManyRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Headers;
  readonly body: string | Buffer;
}

/** A gateway that a client asks for this. */
export function clientAsks(
  at: string,
  method: string,
  of: 'container' | 'account',
  headers: Headers = {},
): Sweep['start'] {
  return async (subject, proxy) => {
    const gateway = await startGateway(cluster(at), { conf: through(at, proxy) });
    const session = subject.direct[at]!.at(gateway.url);
    const path = of === 'container' ? subject.path : '';
    const act = () => session.request(method, path, headers).then(({ status }) => status, unanswered);
    return { act, kill: () => gateway.kill() };
  };
}

/** A gateway that a client asks for many things at once. What it does after its answer counts as well: it is told to end, and finishes that. */
export function clientAsksForMany(at: string, request: (subject: Subject) => ManyRequest): Sweep['start'] {
  return async (subject, proxy) => {
    const gateway = await startGateway(cluster(at), { conf: through(at, proxy) });
    const session = subject.direct[at]!.at(gateway.url);
    const { method, path, headers, body } = request(subject);
    const act = async (): Promise<number | undefined> => {
      const status = await session
        .request(method, path, headers, body)
        .then((answer) => answer.status, unanswered);
      await gateway.stop();
      return status;
    };
    return { act, kill: () => gateway.kill() };
  };
}

/** A gateway whose Swift is down, that a client asks for this: the cluster `by` does it (`failover = all`). */
export function clientAsksWhileDown(
  at: string,
  by: string,
  method: string,
  headers: Headers = {},
): Sweep['start'] {
  return async (subject, proxy) => {
    const gateway = await cutOffGateway(at, by, proxy.urlOf(by));
    return { act: () => askedWhileDown(subject, gateway, by, method, headers), kill: () => gateway.kill() };
  };
}

/** A gateway that does this for a client of the cluster `at`, whose Swift is down. */
export function gatewayStandsIn(
  by: string,
  at: string,
  method: string,
  headers: Headers = {},
): Sweep['start'] {
  return async (subject, proxy) => {
    const gateway = await startGateway(cluster(by), { conf: through(by, proxy) });
    const asked = await cutOffGateway(at, by, gateway.url);
    const act = async (): Promise<number | undefined> => {
      const status = await askedWhileDown(subject, asked, by, method, headers);
      await asked.kill();
      return status;
    };
    return { act, kill: () => gateway.kill() };
  };
}

/** It reaches one peer, and no Swift. */
function cutOffGateway(at: string, peer: string, peerUrl: string): Promise<ExtraGateway> {
  const peers = clusters().map(({ name }) => [`cluster:${name}`, 'gateway', DEAD] as const);
  return startGateway(cluster(at), {
    conf: [
      ...peers,
      [`cluster:${peer}`, 'gateway', peerUrl],
      ['app:proxy', 'upstream', DEAD],
      ['filter:autosync', 'failover', 'all'],
    ],
  });
}

/** The client's token is one that the cluster knows which does it. */
function askedWhileDown(
  { direct, path }: Subject,
  { url }: ExtraGateway,
  by: string,
  method: string,
  headers: Headers,
): Promise<number | undefined> {
  return direct[by]!.at(url)
    .request(method, path, headers)
    .then(({ status }) => status, unanswered);
}

/** A gateway that the peer `from` tells what its record of the container says. */
export function peerTells(from: string, at: string): Sweep['start'] {
  return async ({ account, path }, proxy) => {
    const gateway = await startGateway(cluster(at), { conf: through(at, proxy) });
    const { site, records } = siteOf(from);
    const name = { account, container: path.slice(1) };
    const deadlines = new Deadlines();
    const peer = new Peer({
      name: at,
      signatureName: `//local/${at}`,
      mySignatureName: `//local/${from}`,
      realm: 'local',
      secrets: site.secrets,
      gateway: { origin: gateway.url, basePath: '' },
      timeoutMs: PEER_TIMEOUT_MS,
      probeIntervalMs: PEER_TIMEOUT_MS,
      deadlines,
      onChange: () => undefined,
    });
    const act = async (): Promise<number | undefined> => {
      const { result } = await tellPeer(peer, name, await records.read(name), { kind: 'service' });
      peer.close();
      deadlines.close();
      return result.kind === 'answer' ? result.answer.status : undefined;
    };
    return { act, kill: () => gateway.kill() };
  };
}

/** `autosync COMMAND`, to its end. @param args `{account}` and `{conf}` are replaced */
export function commandRuns(
  at: string,
  args: readonly string[],
  options: () => Conf = () => [],
): Sweep['start'] {
  return ({ account }, proxy): Promise<Victim> => {
    const conf = writeConfLike(confOf(at), `victim-${account}`, [...through(at, proxy), ...options()]);
    const own = args.map((arg) => arg.replace('{account}', account).replace('{conf}', conf));
    let child: ReturnType<typeof spawn> | undefined;
    return Promise.resolve({
      act: () =>
        new Promise((resolve, reject) => {
          child = spawn(process.execPath, [AUTOSYNC, ...own], { stdio: 'ignore' });
          child.once('error', reject);
          child.once('close', (code) => resolve(code === 0 ? 200 : undefined));
        }),
      kill: () => {
        child?.kill('SIGKILL');
        return Promise.resolve();
      },
    });
  };
}

/** One pass of the daemon. */
export function daemonPasses(at: string): Sweep['start'] {
  return commandRuns(at, ['daemon', '{conf}', '--once', '--account', '{account}']);
}

/** A gateway of a cluster that reaches no peer: what it does stays pending. */
export async function lonelyGateway(at: string): Promise<ExtraGateway> {
  const others = clusters().filter(({ name }) => name !== at);
  const conf: Conf = others.map(({ name }) => [`cluster:${name}`, 'gateway', DEAD]);
  return startGateway(cluster(at), { conf });
}

function through(at: string, proxy: FaultProxy): Conf {
  const peers = clusters().filter(({ name }) => name !== at);
  return [
    ['app:proxy', 'upstream', proxy.urlOf(at)],
    ...peers.map(({ name }) => [`cluster:${name}`, 'gateway', proxy.urlOf(name)] as const),
  ];
}

function unanswered(): undefined {
  return undefined;
}
