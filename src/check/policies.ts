// Whether every storage policy that a peer's containers can have stands for one here, as both Swifts show them in /info.
import type { Config } from '../config/config.js';
import { ANY_OTHER, THE_DEFAULT, policiesHere, type PolicyMap } from '../swift/policies.js';
import { asObject, ask, jsonObject } from './ask.js';
import { About, type Finding } from './finding.js';
import { peerNames, type Surroundings } from './surroundings.js';

/** Nothing is said where Swift does not show its policies: then a refused container will (POLICY_MISSING). */
export async function checkPolicies(config: Config, surroundings: Surroundings): Promise<Finding[]> {
  const { timeoutMs, clusters, autosync } = surroundings;
  const asked = await Promise.all(config.proxy.upstream.map((origin) => askPolicies(origin, '', timeoutMs)));
  const here = asked.find((policies) => policies !== undefined);
  if (here === undefined) return [];
  const peers = peerNames(surroundings).flatMap((name) => clusters.peer(name) ?? []);
  const findings = peers.map(async ({ name, gateway: { origin, basePath } }) => {
    const theirs = await askPolicies(origin, basePath, timeoutMs);
    return theirs === undefined ? [] : [comparePolicies(autosync.policyMap, name, theirs, here)];
  });
  return [...checkMap(autosync.policyMap, here), ...(await Promise.all(findings)).flat()];
}

/** One that containers can be made with; all in small letters. */
interface Policy {
  /** What containers show. */
  readonly name: string;
  /** By which it may be asked for: the name, and the aliases. */
  readonly names: readonly string[];
}

/** Undefined where Swift does not say. */
async function askPolicies(
  origin: string,
  basePath: string,
  timeoutMs: number,
): Promise<readonly Policy[] | undefined> {
  const info = await ask({ origin, method: 'GET', target: `${basePath}/info` }, timeoutMs);
  if (info.kind === 'failed') return undefined;
  const policies = asObject(jsonObject(info.answer)?.['swift'])?.['policies'];
  return Array.isArray(policies)
    ? policies.flatMap((policy) => readPolicy(asObject(policy) ?? {}))
    : undefined;
}

function readPolicy({ name, aliases }: Readonly<Record<string, unknown>>): Policy[] {
  if (typeof name !== 'string') return [];
  const others = typeof aliases === 'string' ? aliases.split(',') : [];
  const names = [name, ...others].map((each) => each.trim().toLowerCase());
  return [{ name: name.toLowerCase(), names }];
}

function comparePolicies(
  map: PolicyMap,
  peer: string,
  theirs: readonly Policy[],
  here: readonly Policy[],
): Finding {
  const about = new About(`storage policies of ${peer}`);
  const hasOneFor = (policy: string): boolean =>
    policiesHere(map, policy).some((name) => name === undefined || isAmong(here, name));
  const missing = theirs.map(({ name }) => name).filter((name) => !hasOneFor(name));
  if (missing.length === 0) return about.ok('policies', 'each has, or is given, one here');
  const fix = `Say in [filter:autosync] which policy here stands for it: "policy_map = ${missing[0]}: NAME HERE".`;
  return about.warning(
    'policies',
    `no policy here for ${missing.join(', ')}: such containers are not made here`,
    fix,
  );
}

function checkMap(map: PolicyMap, here: readonly Policy[]): Finding[] {
  const named = [...map].filter(([, name]) => name.toLowerCase() !== THE_DEFAULT);
  return named
    .filter(([, name]) => !isAmong(here, name))
    .map(([there, name]) => {
      const what = there === ANY_OTHER ? 'every other policy' : there;
      const fix = `Write the name of a policy that swift.conf has and that is not deprecated: ${here.map(({ name: each }) => each).join(', ')}.`;
      return new About('policy_map').error(
        'policies',
        `${what} is to be ${name}, which Swift does not have`,
        fix,
      );
    });
}

function isAmong(policies: readonly Policy[], name: string): boolean {
  return policies.some(({ names }) => names.includes(name.toLowerCase()));
}
