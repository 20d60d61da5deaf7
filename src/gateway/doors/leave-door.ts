// Takes what is ours off an account of this cluster when a peer's operator asks for it (`autosync leave`): accounts that this
// gateway does not look after any more, and no others.
import { leaveContainers, leaveRecords, leaveStore } from '../../converge/leave.js';
import { HeaderList } from '../../http/headers.js';
import { recordedAccounts } from '../../records/rows.js';
import { queryParameter } from '../../swift/path.js';
import { textAnswer } from '../answer.js';
import type { Site } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';

const PATH = /^\/autosync\/leave\/(accounts|containers|records|store)(?:\?|$)/;

/** GET: what would be done; POST: does it. */
export function isLeaveRequest({ request }: Exchange): boolean {
  return (request.method === 'GET' || request.method === 'POST') && PATH.test(request.target);
}

/** The request is a peer's, and verified. */
export async function answerLeave(site: Site, exchange: Exchange): Promise<OutgoingResponse> {
  const { method, target } = exchange.request;
  const { records } = site;
  if (records === undefined)
    return textAnswer(exchange, 503, 'There is no [service]: nothing is recorded here.');
  const isDryRun = method === 'GET';
  const account = queryParameter(target, 'account') ?? '';
  const part = PATH.exec(target)?.[1];
  if (part === 'accounts') return json(await recordedAccounts(records));
  if (part === 'store') return json({ left: await leaveStore(records, isDryRun) });
  if (site.options.isAccountOurs(account))
    return textAnswer(exchange, 409, `${account} is among accounts here: take it out, and restart.`);
  if (account === '' || account === (await site.ownAccount()))
    return textAnswer(exchange, 403, 'That account is not one that can leave.');
  if (part === 'records') return json(await leaveRecords(site, records, { account, isDryRun }));
  const after = queryParameter(target, 'after') ?? '';
  return json(await leaveContainers(site, records, { account, after, isDryRun }));
}

function json(answer: object): OutgoingResponse {
  const headers = HeaderList.from({ 'Content-Type': 'application/json', 'Date': new Date().toUTCString() });
  return { status: 200, reason: 'OK', headers, body: Buffer.from(JSON.stringify(answer)) };
}
