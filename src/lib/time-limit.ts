// How long something is waited for, however many things that is. What is waited for goes on, unless it looks at the signal itself.

/** Aborts its signal when the time is over, or when nobody waits any more. */
export class TimeLimit {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(limitMs: number) {
    this.signal = this.#controller.signal;
    this.#timer = setTimeout(() => this.#controller.abort(), limitMs);
  }

  /** To be called in any case. */
  end(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }
}

/** The work's result, or undefined where the signal is first. Rejects with the work's error where that is. */
export function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => resolve(undefined);
    // What is known already takes no time.
    if (signal.aborted) setImmediate(giveUp);
    signal.addEventListener('abort', giveUp, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
