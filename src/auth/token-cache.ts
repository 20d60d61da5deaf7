// Keeps one token: renews it before it ends, once for all callers. Knows nothing of who issues it.
import type { IssuedToken, TokenIssuer, TokenSource } from './token-source.js';

interface KeptToken extends IssuedToken {
  readonly renewMs: number;
}

const RENEW_AT_SHARE_OF_LIFE = 0.8;
const RENEW_BEFORE_END_MS = 60_000;
/** A token near its end is not asked for anew more often than this: TempAuth gives the same one until it is over. */
const MIN_RENEWAL_INTERVAL_MS = 5_000;
const FAILURE_MEMORY_MS = 1_000;

/**
 * A token is renewed at 80 % of its life or 60 s before its end, whichever is sooner, in the background: callers have the old one while
 * it lasts, also when renewing fails. A failure is remembered for a second, so that a dead identity service is not hammered.
 */
export class TokenCache implements TokenSource {
  readonly #issue: TokenIssuer;
  readonly #now: () => number;
  #kept: KeptToken | undefined;
  #account: string | undefined;
  #fetching: Promise<IssuedToken> | undefined;
  #failure: { readonly error: unknown; readonly untilMs: number } | undefined;

  /** @param now a clock in milliseconds */
  constructor(issue: TokenIssuer, now: () => number) {
    this.#issue = issue;
    this.#now = now;
  }

  async token(): Promise<string> {
    const nowMs = this.#now();
    const kept = this.#kept;
    if (kept === undefined || nowMs >= kept.expiresMs) return (await this.#fetch()).token;
    if (nowMs >= kept.renewMs) this.#fetch().catch(() => undefined);
    return kept.token;
  }

  /** Drops the token, unless a newer one has taken its place already. */
  invalidate(token: string): void {
    if (this.#kept?.token === token) this.#kept = undefined;
  }

  /** Remembered for good once known: a user's account does not change. */
  async account(): Promise<string> {
    return this.#account ?? (await this.#fetch()).account;
  }

  #fetch(): Promise<IssuedToken> {
    this.#fetching ??= this.#fetchOnce().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetchOnce(): Promise<IssuedToken> {
    if (this.#failure !== undefined && this.#now() < this.#failure.untilMs) throw this.#failure.error;
    try {
      const issued = await this.#issue();
      this.#kept = { ...issued, renewMs: renewalTime(this.#now(), issued.expiresMs) };
      this.#account = issued.account;
      this.#failure = undefined;
      return issued;
    } catch (error) {
      this.#failure = { error, untilMs: this.#now() + FAILURE_MEMORY_MS };
      throw error;
    }
  }
}

function renewalTime(nowMs: number, expiresMs: number): number {
  const dueMs = Math.min(
    nowMs + (expiresMs - nowMs) * RENEW_AT_SHARE_OF_LIFE,
    expiresMs - RENEW_BEFORE_END_MS,
  );
  return Math.max(dueMs, nowMs + MIN_RENEWAL_INTERVAL_MS);
}
