// The peers' gateways, and this cluster's own as peers see it: up, the right one, same secret, same key, same time.
import type { Peer } from '../peers/peer.js';
import { REFUSAL_HEADER } from '../peers/peer.js';
import { isSameCluster } from '../peers/clusters.js';
import { AutosyncError } from '../lib/errors.js';
import type { ClientAnswer } from '../http/request-sender.js';
import { asObject, ask, jsonObject, judgeClock, type Asked } from './ask.js';
import { compareIntroduction } from './agreement.js';
import { About, type Finding } from './finding.js';
import { peerNames, type Surroundings } from './surroundings.js';

type Address = Peer['gateway'];

/** Every peer, all at once. */
export async function checkPeers(surroundings: Surroundings): Promise<Finding[]> {
  // A name that nothing is known of is reported where the realms file is looked at.
  const peers = peerNames(surroundings).map((name) => surroundings.clusters.peer(name));
  const known = peers.filter((peer) => peer !== undefined);
  return (await Promise.all(known.map((peer) => checkPeer(surroundings, peer)))).flat();
}

async function checkPeer(surroundings: Surroundings, peer: Peer): Promise<Finding[]> {
  const { gateway, name } = peer;
  const { timeoutMs, autosync, secrets } = surroundings;
  const about = new About(`peer ${name} ${name.includes('://') ? '' : urlOf(gateway)}`.trim());
  const [health, info, signed] = await Promise.all([
    askGateway(gateway, '/healthcheck', timeoutMs),
    askGateway(gateway, '/info', timeoutMs),
    secrets instanceof AutosyncError ? undefined : peer.send({ method: 'GET', target: '/info' }),
  ]);
  if (info.kind === 'failed') {
    const fix = `Start that gateway, let this host reach it, or mend its address ${addressWords(surroundings, name)}.`;
    return [about.error('peer-down', `does not answer: ${info.why}`, fix)];
  }
  const wrongServer = judgeServer(surroundings, about, name, info.answer);
  if (wrongServer !== undefined) return [wrongServer];
  const clock = (what: string, asked: Asked): Finding[] =>
    asked.kind === 'failed'
      ? []
      : [judgeClock(about, 'peer-clock', what, asked.clock, autosync.maxClockSkewMs)];
  const findings = [
    about.ok('peer-down', 'its gateway answers'),
    ...clock('its gateway', health),
    ...clock('its Swift', info),
  ];
  if (signed === undefined)
    return [...findings, about.skipped('peer-secret', 'not asked: our own secret file cannot be used')];
  if (signed.kind === 'unreachable') {
    const fix = 'Look into its log.';
    return [...findings, about.error('peer-secret', `does not answer as a peer: ${signed.detail}`, fix)];
  }
  return [...findings, ...judgeSigned(surroundings, about, signed.answer)];
}

function askGateway(
  { origin, basePath }: Address,
  target: string,
  timeoutMs: number,
): ReturnType<typeof ask> {
  return ask({ origin, method: 'GET', target: basePath + target }, timeoutMs);
}

function urlOf({ origin, basePath }: Address): string {
  return origin + basePath;
}

function addressWords({ autosync: { identity } }: Surroundings, name: string): string {
  if (identity.kind === 'url') return '(in autosync_placement)';
  return `(cluster_${name} in container-sync-realms.conf, or [cluster:${name}] gateway)`;
}

/** Whether it is a gateway at all, and that cluster's; undefined where it is. */
function judgeServer(
  surroundings: Surroundings,
  about: About,
  name: string,
  answer: ClientAnswer,
): Finding | undefined {
  const { identity } = surroundings.autosync;
  const section = asObject(jsonObject(answer)?.['autosync']);
  if (answer.status !== 200) {
    const message = `its /info fails with status ${answer.status}`;
    return about.error('peer-down', message, 'See that the Swift behind that gateway runs.');
  }
  if (section === undefined) {
    const message = "is no gateway: it looks like a Swift proxy, or the gateway's pipeline has no autosync";
    const fix =
      identity.kind === 'url'
        ? "Give the address of that cluster's gateway in autosync_placement."
        : `Let cluster_${name} in container-sync-realms.conf name that cluster's gateway, or add [cluster:${name}] with "gateway = URL".`;
    return about.error('peer-not-gateway', message, fix);
  }
  const cluster = typeof section['cluster'] === 'string' ? section['cluster'] : '';
  if (isSameCluster(cluster, name)) return undefined;
  const fix = `Mend its address ${addressWords(surroundings, name)}, or my_cluster there.`;
  return about.error('peer-name', `is the gateway of ${cluster}, not of ${name}`, fix);
}

const REFUSALS: Readonly<Record<string, string>> = {
  'bad-signature':
    'Copy the secret file unchanged to every cluster (sha256sum shows whether they are equal), and name the realm alike in my_cluster everywhere.',
  'unknown-generation': 'The peer has secrets of other generations: copy the newest secret file there.',
  'wrong-cluster': 'Write the same realm and cluster names in my_cluster there and in the realms file here.',
  'clock': 'Set the clocks of both hosts by NTP (chrony, ntpd).',
};

function judgeSigned(surroundings: Surroundings, about: About, answer: ClientAnswer): Finding[] {
  const refusal = answer.headers.get(REFUSAL_HEADER);
  if (answer.status === 401) {
    const fix =
      REFUSALS[refusal ?? ''] ??
      'Something between the two gateways changes requests: let them talk directly, or through TLS.';
    const message = `refuses our signature: ${refusal ?? 'it does not say why'}`;
    return [about.error('peer-secret', message, fix)];
  }
  const taken = about.ok('peer-secret', 'takes our signature: same secret, same realm');
  const body = answer.status === 200 ? jsonObject(answer) : undefined;
  if (body === undefined)
    return [taken, about.skipped('peer-realm-key', 'its version does not tell what has to agree')];
  return [taken, ...compareIntroduction(surroundings, about, body)];
}

/** My own gateway, at the address that peers and their container sync use. */
export async function checkOwnGateway(surroundings: Surroundings): Promise<Finding[]> {
  const { clusters, timeoutMs } = surroundings;
  const address = clusters.myGateway();
  if (address === undefined) return [];
  const about = new About(`gateway ${urlOf(address)}`);
  const asked = await askGateway(address, '/info', timeoutMs);
  if (asked.kind === 'failed' || asked.answer.status !== 200) {
    const why = asked.kind === 'failed' ? asked.why : `status ${asked.answer.status}`;
    const fix = `Start it (autosync gateway CONF), or mend its address ${addressWords(surroundings, clusters.mine)}.`;
    return [about.warning('gateway', `this cluster's own gateway does not answer: ${why}`, fix)];
  }
  const wrong = judgeServer(surroundings, about, clusters.mine, asked.answer);
  return [wrong ?? about.ok('gateway', 'is this cluster, as peers are to find it')];
}
