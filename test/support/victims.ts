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
import type { Sweep, Victim } from './sweep.js';

const PEER_TIMEOUT_MS = 30_000;

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

/** `autosync COMMAND`, to its end. @param args what follows the account's name or stands for it; `{account}` is replaced */
export function commandRuns(at: string, ...args: readonly string[]): Sweep['start'] {
  return ({ account }, proxy): Promise<Victim> => {
    const conf = writeConfLike(confOf(at), `victim-${account}`, through(at, proxy));
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
  return commandRuns(at, 'daemon', '{conf}', '--once', '--account', '{account}');
}

/** A gateway of a cluster that reaches no peer: what it does stays pending. */
export async function lonelyGateway(at: string): Promise<ExtraGateway> {
  const others = clusters().filter(({ name }) => name !== at);
  const conf: Conf = others.map(({ name }) => [`cluster:${name}`, 'gateway', 'http://127.0.0.1:1']);
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
