// Which containers have records, and what these want, in one glance: from listings, so only a hint. Reads no record.
import { mergeJoin, type Sorted } from '../lib/merge-join.js';
import type { Keeper } from './keeper.js';
import { containersPrefix, accountsPrefix, markIn, recordObject } from './names.js';
import type { Store } from './store.js';

/** What each writer's object of a container says: `DIGEST` or `DIGEST-deleted`. One mark: all writers say the same. */
export type Marks = ReadonlySet<string>;

/**
 * An account's containers that have records, after `marker`.
 *
 * @param limit how many rows are listed at a time: for those who want no more of them
 */
export async function* recordRows(
  keeper: Keeper,
  account: string,
  marker = '',
  limit?: number,
): Sorted<Marks> {
  const writers = await keeper.writers();
  const streams = writers.map((writer) => marksOf(keeper, containersPrefix(writer, account), marker, limit));
  for await (const { key, values } of mergeJoin(streams)) {
    yield [key, new Set(values.filter((mark) => mark !== undefined))];
  }
}

async function* marksOf(keeper: Keeper, prefix: string, marker: string, limit?: number): Sorted<string> {
  const after = marker === '' ? '' : prefix + marker;
  for await (const { name, contentType } of keeper.store.list(prefix, after, limit)) {
    yield [name.slice(prefix.length), markIn(contentType)];
  }
}

/** The accounts that anything is recorded of, sorted. */
export async function recordedAccounts(keeper: Keeper): Promise<string[]> {
  const accounts = new Set<string>();
  for (const writer of await keeper.writers()) {
    for (const account of await keeper.store.folders(containersPrefix(writer))) accounts.add(account);
    const prefix = accountsPrefix(writer);
    for await (const { name } of keeper.store.list(prefix)) accounts.add(name.slice(prefix.length));
  }
  return [...accounts].sort();
}

/** Everything that is kept of one account, whoever wrote it. Not more than a listing's word: one that lags may lack what is new. */
export async function* accountObjects(
  store: Store,
  account: string,
): AsyncGenerator<{ readonly object: string; readonly isPending: boolean }> {
  const writers = new Set([...(await store.folders('a/')), ...(await store.folders('c/'))]);
  for (const writer of writers) {
    for await (const { name } of store.list(containersPrefix(writer, account)))
      yield { object: name, isPending: false };
    const own = recordObject(writer, { account });
    const [row] = await store.page({ prefix: own, marker: '', limit: 1 });
    if (row?.name === own) yield { object: own, isPending: false };
  }
  for (const peer of await store.folders('p/'))
    for await (const { name } of store.list(`p/${peer}/${account}/`)) yield { object: name, isPending: true };
}
