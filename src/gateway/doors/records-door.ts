// Tells a peer's daemon what this cluster has recorded: names and marks page by page, and whole records.
import { HeaderList } from '../../http/headers.js';
import type { Keeper } from '../../records/keeper.js';
import { pendingFor } from '../../records/pending.js';
import { renderChange } from '../../records/record.js';
import { recordedAccounts, recordRows } from '../../records/rows.js';
import { queryParameter } from '../../swift/path.js';
import { textAnswer } from '../answer.js';
import type { Site } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';

const PATH = /^\/autosync\/(accounts|pending|records|record)(?:\?|$)/;
const MAX_ROWS = 10_000;

export function isRecordsRequest({ request }: Exchange): boolean {
  return request.method === 'GET' && PATH.test(request.target);
}

/** The request is a peer's, and verified. */
export async function answerRecords(site: Site, exchange: Exchange): Promise<OutgoingResponse> {
  const { target } = exchange.request;
  const { records } = site;
  if (records === undefined)
    return textAnswer(exchange, 503, 'There is no [service]: nothing is recorded here.');
  const question = PATH.exec(target)?.[1];
  if (question === 'accounts') return json(JSON.stringify(await ourAccounts(site, records)));
  if (question === 'pending')
    return json(JSON.stringify(await pendingFor(records, queryParameter(target, 'cluster') ?? '')));
  const account = queryParameter(target, 'account') ?? '';
  if (!site.options.isAccountOurs(account))
    return textAnswer(exchange, 403, 'That account is not among [filter:autosync] accounts.');
  switch (question) {
    case 'records':
      return json(JSON.stringify(await page(records, account, target)));
    default: {
      const container = queryParameter(target, 'container') ?? '';
      const name = container === '' ? { account } : { account, container };
      return json(renderChange((await records.read(name)).desired));
    }
  }
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
