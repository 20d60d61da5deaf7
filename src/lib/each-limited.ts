// Works through a list with a bound on how many items are under way, and on the time.

/** Calls `work` for each item, at most `limit` at once; starts no more once `mayGoOn` says no. Says whether all were begun. Rejects with the first error. */
export async function eachLimited<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
  mayGoOn: () => boolean = () => true,
): Promise<boolean> {
  let index = 0;
  const run = async (): Promise<void> => {
    while (index < items.length && mayGoOn()) {
      const item = items[index] as T;
      index += 1;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, run));
  return index >= items.length;
}
