// Walks through several sorted streams at once, in constant memory: each key once, with what every stream has of it. Pure.
import { compareNames } from './name-order.js';

/** Sorted by key in the order of Swift's listings; no key twice. */
export type Sorted<T> = AsyncIterable<readonly [key: string, value: T]>;

export interface Joined<T> {
  readonly key: string;
  /** In the order of the streams; undefined where one does not have the key. */
  readonly values: readonly (T | undefined)[];
}

/** Rejects with the first stream's error. */
export async function* mergeJoin<T>(streams: readonly Sorted<T>[]): AsyncGenerator<Joined<T>> {
  const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
  const heads = await Promise.all(iterators.map((iterator) => iterator.next()));
  try {
    for (;;) {
      let key: string | undefined;
      for (const head of heads) {
        if (head.done !== true && (key === undefined || compareNames(head.value[0], key) < 0))
          [key] = head.value;
      }
      if (key === undefined) return;
      const values: (T | undefined)[] = [];
      for (const [i, head] of heads.entries()) {
        const isHere = head.done !== true && head.value[0] === key;
        values.push(isHere ? head.value[1] : undefined);
        if (isHere) heads[i] = await (iterators[i] as AsyncIterator<readonly [string, T]>).next();
      }
      yield { key, values };
    }
  } finally {
    for (const iterator of iterators) await iterator.return?.();
  }
}
