// Requests that make or delete containers on their way: ?bulk-delete and ?extract-archive (Swift's middleware/bulk.py). They
// and their answers stream through untouched; after that, containers that are gone or new follow on the other clusters.
import { isAccountHere } from '../../converge/account.js';
import { listContainers, localSource } from '../../converge/cluster-listing.js';
import { settleDeletion } from '../../converge/deletion.js';
import { MessageBody } from '../../http/message-body.js';
import { eachLimited } from '../../lib/each-limited.js';
import type { Keeper } from '../../records/keeper.js';
import { DESIRED, EMPTY, lifeOf, type Record } from '../../records/record.js';
import { hashOf } from '../../records/register.js';
import { audienceForContainer, type ContainerName } from '../../site/site.js';
import { BulkNames } from '../../swift/bulk-names.js';
import { BulkReport } from '../../swift/bulk-report.js';
import { queryParameter, type SwiftPath } from '../../swift/path.js';
import { audienceOf, rightsFor, type Site } from '../site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { followMade } from './container-change.js';
import { askWhetherClientMay } from './permission.js';

export type BulkPath = Exclude<SwiftPath, { kind: 'other' }>;

const SERVICE = { kind: 'service' } as const;
/** Of one request; more are left to the audit. */
const MAX_CONTAINERS = 1_000;
/** As many as Swift takes in one request (max_deletes_per_request); more are left to container sync. */
const MAX_OBJECTS = 10_000;
const CONCURRENCY = 4;
/** By how much Swift's clock may be behind this host's when it dates what is new. */
const CLOCK_SLACK_MS = 1_000;

/** Whether Swift takes the request for one of the two; the path then only says where it begins. */
export function bulkKind({ method, target }: Exchange['request']): 'delete' | 'extraction' | undefined {
  if (!target.includes('?')) return undefined;
  if (method === 'PUT')
    return queryParameter(target, 'extract-archive') === undefined ? undefined : 'extraction';
  if (method !== 'POST' && method !== 'DELETE') return undefined;
  return queryParameter(target, 'bulk-delete') === undefined ? undefined : 'delete';
}

/**
 * Swift says in its answer's body what became of each name, but the answer may be cut short, and names none of the containers
 * it made: what is gone, and what is new, is looked up.
 */
export async function passBulk(
  site: Site,
  exchange: Exchange,
  next: Next,
  path: BulkPath,
): Promise<OutgoingResponse> {
  const { account } = path;
  if (account === (await site.ownAccount())) return next();
  const work = bulkKind(exchange.request) ?? '';
  const said = new BulkReport();
  const followUp =
    work === 'delete' ? watchDelete(site, exchange, account, said) : watchExtraction(site, exchange, path);
  const response = await next();
  const follow = (): void => site.afterwards.run({ account, work }, followUp);
  if (response.body instanceof MessageBody)
    response.body.watch({ data: (chunk) => said.push(chunk), end: follow });
  else follow();
  return response;
}

function watchDelete(site: Site, exchange: Exchange, account: string, said: BulkReport): () => Promise<void> {
  const containers = new Set<string>();
  const objects: { container: string; object: string }[] = [];
  let isMore = false;
  const names = new BulkNames(({ container, object }) => {
    if (object !== undefined) {
      if (objects.length < MAX_OBJECTS) objects.push({ container, object });
      return;
    }
    if (containers.has(container)) return;
    if (containers.size < MAX_CONTAINERS) containers.add(container);
    else isMore = true;
  });
  exchange.request.body.watch({ data: (chunk) => names.push(chunk), end: () => names.end() });
  return async () => {
    const sinceMs = site.now();
    // Anybody may send names. Of what breaks off before it says what came of them container sync brings the rest.
    for (const name of said.hasDeleted ? objects : [])
      site.copies.add({ account, ...name, sinceMs, looksFirst: false, method: 'DELETE' });
    const { records } = site;
    if (records === undefined) return;
    if (isMore)
      site.log.warn(
        { txn: exchange.id, account },
        `bulk delete: the audit follows up what is beyond ${MAX_CONTAINERS} containers`,
      );
    await eachLimited([...containers], CONCURRENCY, (container) =>
      followDeleted(site, records, exchange, { account, container }),
    );
  };
}

/** A container that the client named, and that is gone, goes on the other clusters as well; as the audit would do it, later. */
async function followDeleted(
  site: Site,
  records: Keeper,
  exchange: Exchange,
  name: ContainerName,
): Promise<void> {
  const before = await records.read(name);
  if (lifeOf(before) !== 'present') return;
  const { answer } = await site.swift.readContainer(SERVICE, name.account, name.container);
  if (answer.status !== 404 || !(await isAccountHere(site, name.account))) return;
  if (!wasSeen(before) && !(await mightDelete(site, exchange, name))) return;
  // Made anew, or deleted, by somebody else meanwhile?
  const record = await records.read(name);
  if (lifeVersion(record) !== lifeVersion(before)) return;
  const settled = await settleDeletion(site, records, name, record);
  site.log.info(
    { txn: exchange.id, ...name, behind: settled.behind },
    `bulk delete: the container is ${settled.life}`,
  );
}

/** It was here for sure; else it may be one that has yet to be made here, and that this client has no business with. */
function wasSeen({ seen }: Record): boolean {
  return seen.get(DESIRED.life)?.value === hashOf('present');
}

/** Swift says 404 of a container that is not there only to those who may change it. */
async function mightDelete(site: Site, exchange: Exchange, name: ContainerName): Promise<boolean> {
  return (await askWhetherClientMay(site, exchange.request, name)).status === 404;
}

function lifeVersion({ desired }: Record): string | undefined {
  return desired.get(DESIRED.life)?.version;
}

function watchExtraction(site: Site, exchange: Exchange, path: BulkPath): () => Promise<void> {
  const sinceMs = site.now() - CLOCK_SLACK_MS;
  const rights = rightsFor(site, exchange);
  const { account } = path;
  if (path.kind !== 'account') {
    const { container } = path;
    return () => followExtracted(site, exchange, { account, container }, sinceMs);
  }
  return async () => {
    let batch: string[] = [];
    const flush = async (): Promise<void> => {
      await eachLimited(batch, CONCURRENCY, (container) =>
        followExtracted(site, exchange, { account, container }, sinceMs),
      );
      batch = [];
    };
    for await (const [name, [madeAt]] of listContainers(localSource(site, rights), account)) {
      if (Date.parse(`${madeAt}Z`) < sinceMs) continue;
      if (batch.push(name) >= MAX_CONTAINERS) await flush();
    }
    await flush();
  };
}

/** A container that the archive made: all is done that a PUT of it would have done. */
async function followExtracted(
  site: Site,
  exchange: Exchange,
  name: ContainerName,
  sinceMs: number,
): Promise<void> {
  const rights = rightsFor(site, exchange);
  const { answer, state } = await site.swift.readContainer(rights, name.account, name.container);
  if (state === undefined) return;
  const record = (await site.records?.read(name)) ?? EMPTY;
  const madeMs = Date.parse(answer.headers.get('last-modified') ?? '');
  const isNew =
    lifeOf(record) === undefined ? madeMs >= sinceMs : lifeOf(record) === 'deleted' && !wasSeen(record);
  if (!isNew) return;
  const placed =
    exchange.path.kind === 'account'
      ? audienceForContainer(site, site.options.defaultPlacement(name))
      : audienceOf(site, exchange);
  await followMade({ site, request: exchange.request, name, audience: placed, rights });
}
