// Waits for something no longer than is good for who waits for it.

/** What the promise comes to, or, where that takes longer, what is to do instead. Rejects only if the promise does so in time. */
export async function within<T>(promise: Promise<T>, limitMs: number, instead: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(instead()), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
