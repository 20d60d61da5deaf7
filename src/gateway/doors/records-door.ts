// Tells a peer's daemon what this cluster has recorded: names and marks page by page, and whole records. Takes the realm's own,
// and answers whether an object was deleted here.
import { probeHere } from '../../converge/object-member.js';
import { LocalObjects } from '../../copy/local-object.js';
import { HeaderList } from '../../http/headers.js';
import type { Keeper } from '../../records/keeper.js';
import { pendingFor } from '../../records/pending.js';
import { fencedIn, REALM, silenceMs } from '../../records/fence.js';
import { canaryObject, clusterLabel } from '../../records/names.js';
import { parseRecord, renderChange, type RecordName } from '../../records/record.js';
import type { Registers } from '../../records/register.js';
import { recordedAccounts, recordRows } from '../../records/rows.js';
import { derivedKeys } from '../../site/site.js';
import { queryParameter } from '../../swift/path.js';
import { parseTimestamp } from '../../swift/timestamp.js';
import { textAnswer } from '../answer.js';
import { probeByKeys } from '../reads/deletions.js';
import type { Site } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';

const PATH = /^\/autosync\/(accounts|canary|pending|probe|realm|records|record)(?:\?|$)/;
const MAX_ROWS = 10_000;

export function isRecordsRequest({ request: { method, target } }: Exchange): boolean {
  const question = PATH.exec(target)?.[1];
  return (
    question !== undefined &&
    (method === 'GET' || (method === 'PUT' && (question === 'realm' || question === 'canary')))
  );
}

/** The request is a peer's, and verified. */
export async function answerRecords(
  site: Site,
  exchange: Exchange,
  body: Buffer = Buffer.alloc(0),
): Promise<OutgoingResponse> {
  const { method, target } = exchange.request;
  const { records } = site;
  const question = PATH.exec(target)?.[1];
  if (question === 'probe') return answerProbe(site, exchange);
  if (records === undefined)
    return textAnswer(exchange, 503, 'There is no [service]: nothing is recorded here.');
  if (question === 'realm') return answerRealm(site, records, method === 'PUT' ? body : undefined);
  if (question === 'canary') return answerCanary(records, exchange, method === 'PUT' ? body : undefined);
  if (question === 'accounts') return json(JSON.stringify(await ourAccounts(site, records)));
  if (question === 'pending') return json(JSON.stringify(await pendingFor(records, ...whatIsAsked(target))));
  const account = queryParameter(target, 'account') ?? '';
  if (!site.options.isAccountOurs(account)) return notOurs(exchange);
  if (question === 'records') return json(JSON.stringify(await page(records, account, target)));
  const container = queryParameter(target, 'container') ?? '';
  const name = container === '' ? { account } : { account, container };
  return json(renderChange((await records.read(name)).desired));
}

function notOurs(exchange: Exchange): OutgoingResponse {
  return textAnswer(exchange, 403, 'That account is not among [filter:autosync] accounts.');
}

/** The cluster that asks, and the account or container that it asks of. */
function whatIsAsked(target: string): [string, RecordName | undefined] {
  const [cluster = '', account, container] = ['cluster', 'account', 'container'].map((field) =>
    queryParameter(target, field),
  );
  if (account === undefined) return [cluster, undefined];
  return [cluster, container === undefined ? { account } : { account, container }];
}

async function answerProbe(site: Site, exchange: Exchange): Promise<OutgoingResponse> {
  const [account, container, object, timestamp] = ['account', 'container', 'object', 'timestamp'].map(
    (field) => queryParameter(exchange.request.target, field) ?? '',
  ) as [string, string, string, string];
  if (!site.options.isAccountOurs(account)) return notOurs(exchange);
  const ticks = parseTimestamp(timestamp);
  if (container === '' || object === '' || ticks === undefined)
    return textAnswer(exchange, 400, 'A probe needs container, object and timestamp.');
  const name = { account, container, object };
  // Without a service user nobody is shown the container's key.
  const probing =
    site.serviceToken === undefined
      ? probeByKeys(new LocalObjects(site), derivedKeys(site, name), name, ticks)
      : probeHere(site, name, ticks);
  return textAnswer(exchange, 200, await probing);
}

/** What this cluster knows of all clusters; with `news` merged in first. */
async function answerRealm(site: Site, records: Keeper, news: Buffer | undefined): Promise<OutgoingResponse> {
  const desired: Registers = news === undefined ? new Map() : parseRecord(news).desired;
  const clock = await records.clock();
  for (const { version } of desired.values()) clock.observe(version);
  const record =
    desired.size === 0 ? await records.read(REALM) : await records.change(REALM, () => ({ desired }));
  site.fence.learn(fencedIn(record.desired));
  const mine = clusterLabel(site.clusters.mine);
  const labels = site.clusters.all().map(clusterLabel);
  const silences = labels.map((each) => [each, silenceMs(record, each, mine, site.now())] as const);
  const told = silences.filter(([, silence]) => silence !== undefined);
  const change = JSON.parse(renderChange(record.desired).toString('utf8')) as object;
  return json(JSON.stringify({ ...change, silences: Object.fromEntries(told) }));
}

/** A peer's canary: written to this cluster's Swift, and read from there. */
async function answerCanary(
  records: Keeper,
  exchange: Exchange,
  body: Buffer | undefined,
): Promise<OutgoingResponse> {
  const object = canaryObject(queryParameter(exchange.request.target, 'cluster') ?? '');
  if (body !== undefined) await records.store.put(object, body, 'text/plain');
  const found = body ?? (await records.store.get(object));
  return found === undefined ? textAnswer(exchange, 404, 'No canary has come here.') : json(found);
}

async function ourAccounts(site: Site, records: Keeper): Promise<string[]> {
  return (await recordedAccounts(records)).filter((account) => site.options.isAccountOurs(account));
}

async function page(records: Keeper, account: string, target: string): Promise<[string, string[]][]> {
  const limit = Math.min(MAX_ROWS, Number(queryParameter(target, 'limit') ?? MAX_ROWS));
  const rows: [string, string[]][] = [];
  if (limit < 1) return rows;
  const marker = queryParameter(target, 'marker');
  for await (const [container, marks] of recordRows(records, account, marker, limit)) {
    rows.push([container, [...marks]]);
    if (rows.length >= limit) break;
  }
  return rows;
}

function json(body: string | Buffer): OutgoingResponse {
  const headers = HeaderList.from({ 'Content-Type': 'application/json', 'Date': new Date().toUTCString() });
  return { status: 200, reason: 'OK', headers, body: Buffer.from(body) };
}
