// Work that begins when its client has the answer. A gateway that stops lets it finish.
import type { Logger } from './station.js';

export class Afterwards {
  readonly #log: Logger;
  readonly #running = new Set<Promise<void>>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param what names it, and whose it is, where it fails */
  run(what: { readonly account: string; readonly work: string }, work: () => Promise<void>): void {
    const running = work()
      .catch((error: unknown) =>
        this.#log.error({ ...what, err: error }, 'not followed up: the audit will do it'),
      )
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when all that runs now is over. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }
}
