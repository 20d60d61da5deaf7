// Account deletions on their way to the peers: they wait, and can be cancelled, as Swift's reaper has no mercy.
// Kept in memory: a gateway that stops forgets them, and the peers then keep their data.

export interface AccountDeletions {
  /** Tells the peers to delete that account too, after the delay. */
  schedule(account: string): void;
  /** Says whether there was one to cancel. */
  cancel(account: string): Promise<boolean>;
}

/** Of one process. */
export class AccountDeletionTimers implements AccountDeletions {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #delayMs: number;
  readonly #carryOut: (account: string) => void;

  constructor(delayMs: number, carryOut: (account: string) => void) {
    this.#delayMs = delayMs;
    this.#carryOut = carryOut;
  }

  schedule(account: string): void {
    clearTimeout(this.#timers.get(account));
    this.#wait(account, this.#delayMs);
  }

  cancel(account: string): Promise<boolean> {
    clearTimeout(this.#timers.get(account));
    return Promise.resolve(this.#timers.delete(account));
  }

  /** setTimeout takes 31 bits of milliseconds, not quite 25 days: longer waits are made of several. */
  #wait(account: string, leftMs: number): void {
    const nowMs = Math.min(leftMs, MAX_TIMER_MS);
    const timer = setTimeout(() => {
      if (leftMs > nowMs) {
        this.#wait(account, leftMs - nowMs);
        return;
      }
      this.#timers.delete(account);
      this.#carryOut(account);
    }, nowMs);
    timer.unref();
    this.#timers.set(account, timer);
  }
}

const MAX_TIMER_MS = 0x7fff_ffff;
