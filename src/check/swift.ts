// This cluster's own Swift proxies: up, really Swift, container sync as this gateway knows it, their clocks.
import type { Config } from '../config/config.js';
import { asObject, ask, jsonObject, judgeClock, type Asked } from './ask.js';
import { About, type Finding } from './finding.js';
import type { Surroundings } from './surroundings.js';

const LOOP = 508;
const MEND_UPSTREAM = 'Name the Swift proxy servers themselves in [app:proxy] upstream.';

/** All upstream proxies; `surroundings` is missing where the pipeline has no autosync. */
export async function checkSwift(
  config: Config,
  surroundings: Surroundings | undefined,
  timeoutMs: number,
): Promise<Finding[]> {
  const findings = await Promise.all(
    config.proxy.upstream.map((origin) => checkProxy(origin, surroundings, timeoutMs)),
  );
  return findings.flat();
}

async function checkProxy(
  origin: string,
  surroundings: Surroundings | undefined,
  timeoutMs: number,
): Promise<Finding[]> {
  const about = new About(`Swift ${origin}`);
  const [health, info] = await Promise.all([
    ask({ origin, method: 'GET', target: '/healthcheck' }, timeoutMs),
    ask({ origin, method: 'GET', target: '/info' }, timeoutMs),
  ]);
  if (info.kind === 'failed') {
    const fix = 'Start that Swift proxy server, or mend [app:proxy] upstream.';
    return [about.error('swift-down', `does not answer: ${info.why}`, fix)];
  }
  if (info.answer.status === LOOP) {
    const message = 'is this gateway itself: requests would go in a circle';
    return [about.error('swift-is-gateway', message, MEND_UPSTREAM)];
  }
  const body = jsonObject(info.answer);
  if (asObject(body?.['autosync']) !== undefined)
    return [about.error('swift-is-gateway', 'is a gateway, not Swift', MEND_UPSTREAM)];
  const findings = [checkHealth(about, health)];
  if (asObject(body?.['swift']) === undefined) {
    const message = `its /info is not Swift's (status ${info.answer.status})`;
    const fix = `${MEND_UPSTREAM} If it is one: its proxy-server.conf must not have "expose_info = false".`;
    return [...findings, about.warning('swift-info', message, fix)];
  }
  if (surroundings === undefined) return findings;
  const { maxClockSkewMs } = surroundings.autosync;
  return [
    ...findings,
    ...checkContainerSync(about, asObject(body?.['container_sync']), surroundings),
    judgeClock(about, 'swift-clock', 'Swift proxy', info.clock, maxClockSkewMs),
  ];
}

function checkHealth(about: About, health: Asked): Finding {
  if (health.kind === 'answer' && health.answer.status === 200) return about.ok('swift-down', 'answers');
  const what = health.kind === 'failed' ? health.why : `status ${health.answer.status}`;
  const fix = 'Look into its log; its pipeline in proxy-server.conf needs "healthcheck".';
  return about.warning('swift-down', `/healthcheck is not well: ${what}`, fix);
}

/** What Swift's own filter has read of the realms file, against what this gateway reads. */
function checkContainerSync(
  about: About,
  section: Readonly<Record<string, unknown>> | undefined,
  { autosync: { identity }, realmsFile }: Surroundings,
): Finding[] {
  if (section === undefined) {
    const message = 'its pipeline has no container_sync: nothing can be synced to this cluster';
    const fix = 'Put container_sync before the auth filter in the pipeline of proxy-server.conf.';
    return [about.error('swift-realm', message, fix)];
  }
  if (identity.kind === 'url') return [about.ok('swift-realm', 'container_sync is in its pipeline')];
  const realm = asObject(asObject(section['realms'])?.[identity.realm.toUpperCase()]);
  const clusters = asObject(realm?.['clusters']);
  const where = `[filter:container_sync] "current = //${identity.realm}/${identity.cluster}"`;
  if (clusters === undefined) {
    const message = `Swift knows no realm "${identity.realm}" with clusters`;
    const fix =
      'Put the same container-sync-realms.conf into the swift_dir of Swift; it is read again within mtime_check_interval (300 s).';
    return [about.error('swift-realm', message, fix)];
  }
  const known = realmsFile?.get().realm(identity.realm)?.clusters;
  const findings = [checkCurrent(about, clusters, identity.cluster, where)];
  const missing = [...(known?.keys() ?? [])].filter((name) => clusters[name] === undefined);
  if (missing.length > 0) {
    const names = missing.join(', ').toLowerCase();
    const fix =
      'Give Swift the same container-sync-realms.conf as the gateway (swift_dir of both), on every node.';
    findings.push(about.error('swift-realm', `Swift's realm lacks ${names}, which ours has`, fix));
  }
  return findings;
}

function checkCurrent(
  about: About,
  clusters: Readonly<Record<string, unknown>>,
  mine: string,
  where: string,
): Finding {
  const isCurrent = (name: string): boolean => asObject(clusters[name])?.['current'] === true;
  const current = Object.keys(clusters).find(isCurrent);
  if (current === undefined) {
    const message = 'Swift does not say which cluster it is';
    return about.warning('swift-realm', message, `Add ${where} to proxy-server.conf.`);
  }
  if (current === mine.toUpperCase())
    return about.ok('swift-realm', `container_sync knows the realm, and itself as ${mine}`);
  const message = `this Swift calls itself ${current.toLowerCase()}, my_cluster says ${mine}`;
  return about.error('swift-realm', message, `Mend upstream or my_cluster here, or ${where} there.`);
}
