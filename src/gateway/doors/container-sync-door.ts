// Lets Swift's own container sync daemon of a peer in, in the forms that it sends and no other: its signature covers
// neither query nor date, and would open far more (SECURITY.md).
import { createHash, timingSafeEqual } from 'node:crypto';
import type { HeaderList } from '../../http/headers.js';
import { canonicalPath, verifyContainerSync, type SyncKeyCandidate } from '../../sync/container-sync-auth.js';
import { headerKey } from '../../swift/settings.js';
import { parseTimestamp, timestampMs } from '../../swift/timestamp.js';
import { textAnswer } from '../answer.js';
import { isGoneAt } from '../../records/account-life.js';
import { accountRecord } from '../changes/account-record.js';
import { refuseForgotten } from '../changes/fenced.js';
import { refuseOlderBytes, refuseTooLate } from '../changes/too-late.js';
import { rightsFor, type Site } from '../site.js';
import { derivedKeys, type ContainerName } from '../../site/site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { answerSyncHead } from './sync-head.js';
import { syncProof } from '../../site/sync-proof.js';

const METHODS = new Set(['HEAD', 'PUT', 'DELETE']);
/** With these a PUT takes its bytes, or its target, from somewhere else. */
const COPY_HEADERS = new Set([
  'x-copy-from',
  'x-copy-from-account',
  'destination',
  'destination-account',
  'x-fresh-metadata',
]);
const AUTH = 'x-container-sync-auth';
const KEY = 'x-container-sync-key';
/** Swift joins several of a name, and takes `_` for `-`: what is looked at here must be what Swift sees. */
const PROOF_HEADERS = new Set([AUTH, KEY, 'x-timestamp']);

/** For a request with `X-Container-Sync-Auth`, or with `X-Container-Sync-Key` from a host that may send it. */
export async function admitContainerSync(
  site: Site,
  exchange: Exchange,
  next: Next,
): Promise<OutgoingResponse> {
  const { request, path } = exchange;
  const wrong = whatIsWrong(site, exchange);
  if (wrong !== undefined || path.kind !== 'object') {
    site.counters.add('container_sync_refused');
    site.log.warn(
      { txn: exchange.id, address: request.remoteAddress, path: request.target.split('?', 1)[0] },
      `container sync refused: ${wrong ?? ''}`,
    );
    return textAnswer(exchange, 401, `Container sync refused: ${wrong ?? ''}.`);
  }
  if (await mayBeReaped(site, exchange, path)) {
    site.counters.add('reaped_refused');
    return textAnswer(exchange, 403, 'The account was deleted where this deletion comes from, and not here.');
  }
  const forgotten = await refuseForgotten(site, exchange, path, timestampOf(exchange));
  if (forgotten !== undefined) return forgotten;
  if (request.method !== 'HEAD' && (await isProven(site, exchange, path))) {
    const ticks = timestampOf(exchange);
    const refused =
      (await refuseTooLate(site, exchange, path, ticks)) ??
      (await refuseOlderBytes(
        site,
        exchange,
        path,
        ticks,
        site.clusters.peer(senderOf(site, exchange, path) ?? ''),
      ));
    if (refused !== undefined) return refused;
  }
  await translateKey(site, exchange, path);
  const [key, timestamp] = [request.headers.get(KEY), request.headers.get('x-timestamp')];
  if (request.method !== 'HEAD' || request.headers.has(AUTH) || key === undefined || timestamp === undefined)
    return next();
  return answerSyncHead(site, exchange, { key, timestamp });
}

function whatIsWrong(site: Site, exchange: Exchange): string | undefined {
  const { request, path } = exchange;
  if (path.kind !== 'object' || !METHODS.has(request.method))
    return 'it may HEAD, PUT and DELETE objects, nothing else';
  if (request.target.includes('?')) return 'a query is not signed, so it may have none';
  const proofs = new Set<string>();
  for (const [name] of request.headers) {
    const key = headerKey(name);
    if (COPY_HEADERS.has(key)) return `it may not send ${name}`;
    if (!PROOF_HEADERS.has(key)) continue;
    if (proofs.has(key)) return `${key} is there twice`;
    if (name.includes('_')) return `${key} is spelled with _`;
    proofs.add(key);
  }
  if (request.method === 'HEAD') return undefined;
  const ticks = timestampOf(exchange);
  if (ticks === undefined) return 'it has no valid X-Timestamp';
  const aheadMs = timestampMs(ticks) - Date.now();
  return aheadMs > site.options.maxClockSkewMs
    ? `it is dated ${Math.round(aheadMs / 1000)} s ahead: check the clocks`
    : undefined;
}

function timestampOf({ request }: Exchange): bigint | undefined {
  return parseTimestamp(request.headers.get('x-timestamp') ?? '');
}

/**
 * When an account is deleted, its objects are deleted one by one by Swift's reaper, which container sync takes for clients'
 * deletions. The account's own deletion may yet be taken back: till it is whole there again, nothing is deleted on the word of
 * the cluster before this one in the ring. Swift's daemon comes with such a row again in each of its passes, after a 4xx at once; a 5xx it would
 * try five more times first, for 17 s, while all other containers wait (common/internal_client.py, retry_request).
 */
async function mayBeReaped(site: Site, exchange: Exchange, name: ContainerName): Promise<boolean> {
  if (exchange.request.method !== 'DELETE' || site.records === undefined) return false;
  const sender = senderOf(site, exchange, name);
  const record = await accountRecord(site, name.account).catch(() => undefined);
  return record === undefined || (sender !== undefined && isGoneAt(record, sender));
}

/** The cluster before this one in the ring. */
function senderOf(site: Site, exchange: Exchange, name: ContainerName): string | undefined {
  const placement = exchange.placement ?? site.options.defaultPlacement(name);
  return placement.at(placement.findIndex((cluster) => site.clusters.isMine(cluster)) - 1);
}

/**
 * While the realm's secret is being rotated, a container may have one generation's key there and another's here. A request
 * that proves one of them is signed anew with the one our Swift has. Other keys (an owner's own) are for Swift to judge.
 */
async function translateKey(site: Site, exchange: Exchange, name: ContainerName): Promise<void> {
  const keys = [...derivedKeys(site, name)];
  if (keys.length < 2) return;
  const { request } = exchange;
  const proven = provenKey(site, request, keys);
  if (proven === undefined) return;
  const { state } = await site.swift.readContainer(rightsFor(site, exchange), name.account, name.container);
  if (state?.syncKey === undefined || state.syncKey === proven || !keys.includes(state.syncKey)) return;
  const timestamp = request.headers.get('x-timestamp') ?? '0';
  const proof = syncProof(site, { method: request.method, target: request.target, timestamp }, state.syncKey);
  for (const [header, value] of proof ?? []) {
    if (header !== 'X-Timestamp') request.headers.set(header, value);
  }
}

/** In a time that tells nothing of either. */
function isEqualSecret(a: string, b: string): boolean {
  const [x, y] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(x as Buffer, y as Buffer);
}

/** A change whose sender knows the container's key: nobody else is told what is here. The rest is for Swift to refuse. */
async function isProven(site: Site, exchange: Exchange, name: ContainerName): Promise<boolean> {
  const known = await site.containerKeys.get(name, rightsFor(site, exchange)).catch(() => undefined);
  return known !== undefined && provenKey(site, exchange.request, [known.key]) !== undefined;
}

function provenKey(
  site: Site,
  request: { readonly method: string; readonly target: string; readonly headers: HeaderList },
  keys: readonly string[],
): string | undefined {
  const auth = request.headers.get(AUTH);
  if (auth === undefined) {
    const given = request.headers.get(KEY) ?? '';
    return keys.find((key) => isEqualSecret(key, given));
  }
  const candidates: SyncKeyCandidate<string>[] = site.clusters
    .realmKeys()
    .flatMap((realmKey) => keys.map((containerKey) => ({ realmKey, containerKey, tag: containerKey })));
  const parts = {
    method: request.method,
    path: canonicalPath(request.target),
    timestamp: request.headers.get('x-timestamp'),
  };
  return verifyContainerSync(auth, parts, candidates);
}
