// The value of `X-Container-Sync-To`: building, reading and comparing it. Knows nothing of which cluster it should name.
import { quotePart, unquotePart } from './quoting.js';

/** A sync-to, taken apart; account and container are decoded names. */
export type SyncTo = RealmSyncTo | UrlSyncTo;

export interface RealmSyncTo {
  readonly form: 'realm';
  /** In the spelling given; Swift compares it without case. */
  readonly realm: string;
  readonly cluster: string;
  readonly account: string;
  readonly container: string;
}

export interface UrlSyncTo {
  readonly form: 'url';
  /** Scheme, host, port and what stands before the account: `http://host:8080/v1`. Normalised: lower case, no default port. */
  readonly base: string;
  readonly account: string;
  readonly container: string;
}

/** The clusters among which we set sync-to. */
export interface OwnClusters {
  /** Needed when a cluster is given by name. */
  readonly realm?: string;
  /** Names of the realm's clusters, or URLs such as `http://primary:8080`. */
  readonly clusters: readonly string[];
}

/**
 * `//realm/cluster/account/container`. Quoted as Python's urllib quotes: the daemon signs over this very text and the receiving Swift
 * over its own quoting of the path, so any other quoting is refused there for ever.
 */
export function realmSyncTo(realm: string, cluster: string, account: string, container: string): string {
  return `//${realm}/${cluster}/${quotePart(account)}/${quotePart(container)}`;
}

/**
 * `http://host:port/v1/account/container`.
 *
 * @param clusterUrl the cluster's own URL, with or without its `/v1`
 */
export function urlSyncTo(clusterUrl: string, account: string, container: string): string {
  return `${withVersion(clusterUrl)}/${quotePart(account)}/${quotePart(container)}`;
}

/**
 * Takes a sync-to apart by the rules of Swift's validate_sync_to.
 *
 * @param value the header's latin1 text
 * @returns undefined for what Swift would refuse, and for names that are not UTF-8
 */
export function parseSyncTo(value: string): SyncTo | undefined {
  const text = value.replace(TRAILING_SLASHES, '');
  const parts = text.startsWith('//') ? text.slice(2).split('/') : splitUrl(text);
  if (parts?.length !== 4) return undefined;
  const [first, second, ...quoted] = parts as [string, string, string, string];
  const [account, container] = quoted.map(unquotePart);
  if (account === undefined || container === undefined || parts.includes('')) return undefined;
  if (text.startsWith('//')) return { form: 'realm', realm: first, cluster: second, account, container };
  return { form: 'url', base: first + second, account, container };
}

/**
 * Whether a container's sync-to is one that we would have set: to any of our clusters, same account, same container. Case of realm and
 * cluster, and quoting, make no difference.
 */
export function isOwnSyncTo(value: string, own: OwnClusters, account: string, container: string): boolean {
  const syncTo = parseSyncTo(value);
  if (syncTo === undefined || syncTo.account !== account || syncTo.container !== container) return false;
  if (syncTo.form === 'url')
    return own.clusters.some((cluster) => isUrl(cluster) && baseOf(cluster) === syncTo.base);
  const isOurRealm = own.realm !== undefined && isSameName(own.realm, syncTo.realm);
  return isOurRealm && own.clusters.some((cluster) => isSameName(cluster, syncTo.cluster));
}

/**
 * Whether rewriting `current` to `wanted` is needless. Swift starts a full re-check whenever the text changes, so the case of realm,
 * cluster and host, and slashes at the end, are left as they are. Quoting is left only in the URL form: in the realm form a container
 * whose sync-to is quoted otherwise than ours has never synced (see realmSyncTo), and rewriting it is the cure.
 *
 * @param wanted as built by realmSyncTo or urlSyncTo
 */
export function sameSyncTo(current: string, wanted: string): boolean {
  if (current === wanted) return true;
  const [a, b] = [parseSyncTo(current), parseSyncTo(wanted)];
  if (a === undefined || b === undefined || a.account !== b.account || a.container !== b.container)
    return false;
  if (a.form === 'url') return b.form === 'url' && a.base === b.base && isAscii(current);
  if (b.form === 'url' || !isSameName(a.realm, b.realm) || !isSameName(a.cluster, b.cluster)) return false;
  return current.replace(TRAILING_SLASHES, '').endsWith(`/${quotePart(a.account)}/${quotePart(a.container)}`);
}

const TRAILING_SLASHES = /(?<!\/)\/+$/;
const URL_FORM = /^(https?):\/\/([^/?#@;]+)(\/[^?#;]*)$/i;

/** Origin, path before the account, quoted account, quoted container. */
function splitUrl(text: string): [string, string, string, string] | undefined {
  const match = URL_FORM.exec(text);
  if (match === null) return undefined;
  const [, scheme, authority, path] = match as unknown as [string, string, string, string];
  const [container, account, ...before] = path.split('/').reverse();
  if (account === undefined || container === undefined || before.length === 0) return undefined;
  return [originOf(scheme, authority), before.reverse().join('/'), account, container];
}

function originOf(scheme: string, authority: string): string {
  const lowerScheme = scheme.toLowerCase();
  const defaultPort = lowerScheme === 'https' ? ':443' : ':80';
  const host = authority.toLowerCase();
  return `${lowerScheme}://${host.endsWith(defaultPort) ? host.slice(0, -defaultPort.length) : host}`;
}

function withVersion(clusterUrl: string): string {
  const url = clusterUrl.replace(TRAILING_SLASHES, '');
  return url.endsWith('/v1') ? url : `${url}/v1`;
}

function baseOf(clusterUrl: string): string | undefined {
  const syncTo = parseSyncTo(urlSyncTo(clusterUrl, 'a', 'c'));
  return syncTo?.form === 'url' ? syncTo.base : undefined;
}

function isUrl(cluster: string): boolean {
  return /^https?:\/\//i.test(cluster);
}

function isSameName(a: string, b: string): boolean {
  return a.toUpperCase() === b.toUpperCase();
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}
