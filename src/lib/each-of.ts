// Works through a stream with a bound on how many of its items are under way.

/** Calls `work` for each item as it comes, at most `limit` at once. Rejects with the first error, once what was begun has ended. */
export async function eachOf<T>(
  items: AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  const failures: unknown[] = [];
  const run = async (): Promise<void> => {
    while (failures.length === 0) {
      try {
        const next = await iterator.next();
        if (next.done === true) return;
        await work(next.value);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, run));
  await iterator.return?.();
  if (failures.length > 0) throw failures[0];
}
