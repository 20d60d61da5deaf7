// An account's record, as requests on its containers need it: looked at often, and seldom changed.
import { notePending } from '../../converge/notes.js';
import { tellPeer, toldDetail } from '../../converge/tell-peer.js';
import { AutosyncError } from '../../lib/errors.js';
import { recordAccount } from '../../records/client-change.js';
import { EMPTY, lifeOf, type Record } from '../../records/record.js';
import { audienceFor } from '../../site/site.js';
import { swiftTarget } from '../../swift/path.js';
import { isSuccess } from '../../swift/swift-client.js';
import type { Site } from '../site.js';
import type { IncomingRequest } from '../station.js';
import { proofsOf } from './permission.js';
import { startRecording } from './recording.js';

/** How old what is remembered may be. */
const FRESH_MS = 5_000;
const MAX_REMEMBERED = 10_000;
const NOTHING = { settings: new Map<string, string>(), named: [] } as const;

interface Remembered {
  readonly atMs: number;
  readonly record: Promise<Record>;
}

const memories = new WeakMap<Site, Map<string, Remembered>>();

/** As of a few seconds ago at most. @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
export function accountRecord(site: Site, account: string): Promise<Record> {
  const memory = memories.get(site) ?? new Map<string, Remembered>();
  memories.set(site, memory);
  const known = memory.get(account);
  if (known !== undefined && site.now() - known.atMs < FRESH_MS) return known.record;
  if (memory.size >= MAX_REMEMBERED) memory.clear();
  const record = site.records?.read({ account }) ?? Promise.resolve(EMPTY);
  memory.set(account, { atMs: site.now(), record });
  record.catch(() => memory.delete(account));
  return record;
}

/**
 * Before the change of a client that Swift knows in the account: an account without a record gets one. Should we die over that
 * change, the daemon looks into the account, and finds it. Never rejects for Swift's trouble.
 */
export async function noteAccountAhead(
  site: Site,
  { headers }: IncomingRequest,
  account: string,
): Promise<void> {
  try {
    if (site.records === undefined || lifeOf(await accountRecord(site, account)) !== undefined) return;
    const asked = { method: 'HEAD', target: swiftTarget(account), headers: proofsOf(headers) };
    const { status } = await site.swift.request({ kind: 'token', token: undefined }, asked);
    if (!isSuccess(status)) return;
    const recording = await startRecording(site, { account }, (current, clock) =>
      lifeOf(current) === undefined ? recordAccount(current, NOTHING, clock) : EMPTY,
    );
    if (await recording.isKept) memories.get(site)?.delete(account);
  } catch (error) {
    // The change itself comes next: Swift's trouble is told there.
    if (!(error instanceof AutosyncError)) throw error;
  }
}

/**
 * A container changed: sees to it that the account has a record, whose date says from when on containers made past the gateways
 * are ours; and takes back a deletion of the account that waits. Never rejects.
 */
export async function noteAccount(site: Site, account: string): Promise<void> {
  if (site.records === undefined) return;
  const known = await accountRecord(site, account).catch(() => EMPTY);
  if (lifeOf(known) === 'present') return;
  const before = new Set<string | undefined>();
  const recording = await startRecording(site, { account }, (current, clock) => {
    before.add(lifeOf(current));
    return lifeOf(current) === 'present' ? EMPTY : recordAccount(current, NOTHING, clock);
  });
  if (await recording.isKept) memories.get(site)?.delete(account);
  if (!before.has('deleting')) return;
  site.log.warn({ account }, 'account deletion taken back: a container of it was changed');
  const { peers } = audienceFor(site, site.clusters.all());
  const outcomes = peers.map(async (peer) => {
    const told = await tellPeer(peer, { account }, recording.record, { kind: 'service' });
    return { cluster: peer.name, isDone: told.isDone, detail: toldDetail(told) };
  });
  await notePending(site, { account }, recording.record, await Promise.all(outcomes));
}
