// Makes this cluster's copy of an account what its record says: its metadata. Makes accounts; never deletes one.
import { HeaderList } from '../http/headers.js';
import type { ClientAnswer } from '../http/request-sender.js';
import { AutosyncError } from '../lib/errors.js';
import { lifeOf, settingsOf, type Record } from '../records/record.js';
import type { BaseSite } from '../site/site.js';
import { swiftTarget } from '../swift/path.js';
import { readSettings } from '../swift/settings.js';
import { isSuccess, type Rights } from '../swift/swift-client.js';
import type { Observed } from './compare.js';
import { lookAndTakeIn, type TakeInOptions } from './take-in.js';

export interface ConvergedAccount {
  /** Swift's answer; undefined where nothing was to be done. */
  readonly answer: ClientAnswer | undefined;
  readonly isUnrecorded: boolean;
  readonly record: Record;
  /** Swift has it as deleted, and lets nobody make it again before its reaper and replicator are through. */
  readonly isGone: boolean;
  readonly actions: readonly string[];
}

/** @throws AutosyncError SWIFT_REFUSED, CLOCK_SKEW and what Swift's client throws; a retry may help all of them */
export async function convergeAccount(
  site: BaseSite,
  account: string,
  options: TakeInOptions & { readonly rights: Rights },
): Promise<ConvergedAccount> {
  const target = swiftTarget(account);
  const { seen, record, comparison, isUnrecorded } = await lookAndTakeIn(
    site,
    { account },
    () => observe(site, options.rights, target),
    options,
  );
  const { observed, isGone } = seen;
  const nothing = { answer: undefined, isUnrecorded, record, isGone, actions: [] };
  if (isGone || (observed === undefined && lifeOf(record) === 'deleting')) return nothing;
  const missing = [...settingsOf('account', record.desired)].map(
    ([name, { value }]) => [name, value] as const,
  );
  const change =
    observed === undefined ? missing.filter(([, value]) => value !== '') : [...comparison.behind];
  if (change.length === 0 && observed !== undefined) return nothing;
  // Without account_autocreate it has to be made; with it, Swift shows an empty one and makes it at the first POST.
  const method = observed === undefined ? 'PUT' : 'POST';
  const actions = [[method, ...change.map(([name]) => name)].join(' ')];
  if (options.isDryRun === true) return { ...nothing, actions };
  const answer = await site.swift.request(options.rights, {
    method,
    target,
    headers: HeaderList.from(change),
  });
  return { ...nothing, answer, actions };
}

/** While an account is deleted, its containers look as if they were: that says nothing of them. */
export async function isAccountHere(site: BaseSite, account: string): Promise<boolean> {
  const target = swiftTarget(account);
  return isSuccess((await site.swift.request({ kind: 'service' }, { method: 'HEAD', target })).status);
}

async function observe(
  site: BaseSite,
  rights: Rights,
  target: string,
): Promise<{ readonly observed: Observed | undefined; readonly isGone: boolean }> {
  const headers = HeaderList.from([['X-Newest', 'true']]);
  const now = await site.swift.request(rights, { method: 'HEAD', target, headers });
  if (now.status === 404 || now.status === 410) return { observed: undefined, isGone: now.status === 410 };
  if (!isSuccess(now.status))
    throw new AutosyncError('SWIFT_REFUSED', `HEAD of an account: ${now.status} ${now.reason}.`);
  const settings = readSettings('account', now.headers);
  return { observed: { settings, policy: undefined, dateMs: 0, createdMs: 0 }, isGone: false };
}
