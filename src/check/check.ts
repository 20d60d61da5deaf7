// `autosync check` as a whole: everything that can be looked at, at once, in the order in which to mend it.
import type { Config } from '../config/config.js';
import { importFactory } from '../gateway/user-module.js';
import { AutosyncError } from '../lib/errors.js';
import { checkConfMode, checkRealms, checkSecrets } from './files.js';
import { About, type Finding } from './finding.js';
import { checkOwnGateway, checkPeers } from './peers.js';
import { checkPolicies } from './policies.js';
import { checkService } from './service.js';
import { checkSwift } from './swift.js';
import { DEFAULT_TIMEOUT_MS, surroundingsOf, type Surroundings } from './surroundings.js';

/** Looks and asks only; changes nothing. Each question takes `peer_timeout` at most, and none waits for more than one other. */
export async function checkAll(config: Config): Promise<Finding[]> {
  const surroundings = config.autosync && surroundingsOf(config, config.autosync);
  const timeoutMs = surroundings?.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  try {
    const [modules, swift, service, gateway, peers, policies] = await Promise.all([
      checkModules(config, timeoutMs),
      checkSwift(config, surroundings, timeoutMs),
      checkService(config, timeoutMs),
      surroundings && checkOwnGateway(surroundings),
      surroundings && checkPeers(surroundings),
      surroundings && checkPolicies(config, surroundings),
    ]);
    const files =
      surroundings === undefined ? [] : [checkSecrets(surroundings), ...checkRealms(surroundings)];
    const unseen = surroundings === undefined ? [] : checkUnseen(surroundings);
    return [
      ...checkConfMode(config),
      ...modules,
      ...files,
      ...swift,
      ...service,
      ...(gateway ?? []),
      ...(peers ?? []),
      ...(policies ?? []),
      ...unseen,
    ];
  } finally {
    surroundings?.close();
  }
}

/** Imports the user's own modules, as the gateway will; they are not called. */
async function checkModules(config: Config, timeoutMs: number): Promise<Finding[]> {
  const findings = config.stations.map(async (station, index) => {
    if (station.kind !== 'module') return [];
    const about = new About(station.path);
    const name = index === config.stations.length - 1 ? 'appFactory' : 'filterFactory';
    const failure = await within(timeoutMs, importFactory(station.path, name));
    if (failure === undefined) return [about.ok('module', `"${station.name}" loads and exports ${name}`)];
    const fix = `Mend the module; docs/placement-engines.md says what it has to export.`;
    return [about.error('module', failure, fix)];
  });
  return (await Promise.all(findings)).flat();
}

/** Why it failed; undefined when it did not. */
async function within(timeoutMs: number, work: Promise<unknown>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`does not load within ${timeoutMs / 1000} s`), timeoutMs);
  });
  try {
    return await Promise.race([work.then(() => undefined), limit]);
  } catch (error) {
    if (error instanceof AutosyncError) return error.message;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** What sync by full URLs needs of Swift, and no request can tell without writing an object. */
function checkUnseen({ autosync, config }: Surroundings): Finding[] {
  if (autosync.identity.kind === 'realm') return [];
  const hosts = config.server.allowedSyncHosts.join(', ');
  return [
    new About('Swift').skipped(
      'full-url',
      `cannot be seen from here: full URLs need "shunt_inbound_x_timestamp = false" in [filter:gatekeeper] of proxy-server.conf, and "allowed_sync_hosts = ${hosts}" in container-server.conf`,
    ),
  ];
}
