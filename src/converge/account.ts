// Makes this cluster's copy of an account what its record says: its metadata. Accounts are made, but never deleted by a record.
import { HeaderList } from '../http/headers.js';
import type { ClientAnswer } from '../http/request-sender.js';
import { AutosyncError } from '../lib/errors.js';
import { settingsOf } from '../records/record.js';
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
    async () => ({ observed: await observe(site, options.rights, target) }),
    options,
  );
  const { observed } = seen;
  const missing = [...settingsOf('account', record.desired)].map(
    ([name, { value }]) => [name, value] as const,
  );
  const change =
    observed === undefined ? missing.filter(([, value]) => value !== '') : [...comparison.behind];
  if (change.length === 0 && observed !== undefined) return { answer: undefined, isUnrecorded, actions: [] };
  // Without account_autocreate it has to be made; with it, Swift shows an empty one and makes it at the first POST.
  const method = observed === undefined ? 'PUT' : 'POST';
  const actions = [[method, ...change.map(([name]) => name)].join(' ')];
  if (options.isDryRun === true) return { answer: undefined, isUnrecorded, actions };
  const answer = await site.swift.request(options.rights, {
    method,
    target,
    headers: HeaderList.from(change),
  });
  return { answer, isUnrecorded, actions };
}

/** While an account is deleted, its containers look as if they were: that says nothing of them. */
export async function isAccountHere(site: BaseSite, account: string): Promise<boolean> {
  const target = swiftTarget(account);
  return isSuccess((await site.swift.request({ kind: 'service' }, { method: 'HEAD', target })).status);
}

async function observe(site: BaseSite, rights: Rights, target: string): Promise<Observed | undefined> {
  const headers = HeaderList.from([['X-Newest', 'true']]);
  const now = await site.swift.request(rights, { method: 'HEAD', target, headers });
  if (now.status === 404) return undefined;
  if (!isSuccess(now.status))
    throw new AutosyncError('SWIFT_REFUSED', `HEAD of an account: ${now.status} ${now.reason}.`);
  return { settings: readSettings('account', now.headers), policy: undefined, dateMs: 0, createdMs: 0 };
}
