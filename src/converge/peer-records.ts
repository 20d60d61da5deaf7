// What a peer has recorded, asked of its gateway. Knows the questions; the answers are made in gateway/doors/records-door.ts.
import { AutosyncError } from '../lib/errors.js';
import type { Sorted } from '../lib/merge-join.js';
import type { Peer } from '../peers/peer.js';
import type { Word } from '../records/fence.js';
import { parseRecord, renderChange, type Record, type RecordName } from '../records/record.js';
import type { Registers } from '../records/register.js';
import type { Marks } from '../records/rows.js';
import { encodeName } from '../swift/path.js';

const PAGE = 1_000;

/** @throws AutosyncError PEER_UNREACHABLE; a retry may help */
export async function peerAccounts(peer: Peer): Promise<readonly string[]> {
  return JSON.parse(await ask(peer, '/autosync/accounts')) as string[];
}

/** @throws AutosyncError PEER_UNREACHABLE */
export async function* peerRows(peer: Peer, account: string): Sorted<Marks> {
  for (let marker = ''; ;) {
    const query = `account=${encodeName(account)}&marker=${encodeName(marker)}&limit=${PAGE}`;
    const rows = JSON.parse(await ask(peer, `/autosync/records?${query}`)) as [string, string[]][];
    for (const [container, marks] of rows) yield [container, new Set(marks)];
    const last = rows.at(-1)?.[0];
    if (last === undefined || rows.length < PAGE) return;
    marker = last;
  }
}

/** @throws AutosyncError PEER_UNREACHABLE, RECORD_INVALID */
export async function peerRecord(peer: Peer, { account, container = '' }: RecordName): Promise<Record> {
  const query = `account=${encodeName(account)}&container=${encodeName(container)}`;
  return parseRecord(Buffer.from(await ask(peer, `/autosync/record?${query}`)));
}

/** What it knows of all clusters; given what it is to know as well. @throws AutosyncError PEER_UNREACHABLE, RECORD_INVALID */
export async function peerRealm(peer: Peer, news?: Registers): Promise<Word> {
  const body = await ask(peer, '/autosync/realm', news === undefined ? undefined : renderChange(news));
  const { silences = {} } = JSON.parse(body) as { silences?: { [cluster: string]: number } };
  return { desired: parseRecord(Buffer.from(body)).desired, silences: new Map(Object.entries(silences)) };
}

async function ask(peer: Peer, target: string, body?: Buffer): Promise<string> {
  const request = body === undefined ? { method: 'GET' } : { method: 'PUT', body };
  const result = await peer.send({ ...request, target });
  if (result.kind === 'unreachable')
    throw new AutosyncError('PEER_UNREACHABLE', `${peer.name}: ${result.detail}`);
  const { status, reason, body: answered } = result.answer;
  if (status !== 200) throw new AutosyncError('PEER_UNREACHABLE', `${peer.name}: ${status} ${reason}`);
  return answered.toString('utf8');
}
