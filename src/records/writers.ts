// Everybody who writes records of this cluster, and this process among them. A record is read by its writers' names, so whoever
// writes is known to all who read before it does; and a name that went out of use never comes back, so what was written under it
// can be taken over by others.
import { AutosyncError } from '../lib/errors.js';
import { WRITERS_PREFIX } from './names.js';
import type { Store } from './store.js';

/** How long a new writer waits until listings show it. */
const LIST_TRIES = 20;
const LIST_WAIT_MS = 250;
/** How long a list of all writers is believed: a new one waits that long, once listed, before it writes its first record. */
const BELIEVED_MS = 2_000;
/** Many times that: what a listing dates so much earlier, all have in their lists. */
const LONG_KNOWN_MS = 60_000;
/** How often a writer that writes says that it still does. */
const SAY_MS = 3_600_000;
/** A name that nobody wrote under for so long is not used again. */
const OUT_OF_USE_MS = 6 * SAY_MS;
/** What was written under a name that nobody said to use for so long is taken over. */
const GONE_MS = 4 * OUT_OF_USE_MS;

export interface WritersOptions {
  readonly store: Store;
  /** A name that no other process has. */
  readonly claim: () => Promise<string>;
  /** How far apart clocks may be. */
  readonly maxAheadMs: number;
  readonly now: () => number;
  /** Milliseconds that never go back, whatever becomes of the clock. */
  readonly monotonic: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export class Writers {
  readonly #options: WritersOptions;
  #own: Promise<string> | undefined;
  #name: string | undefined;
  /** Listings have shown our name. */
  #wasShown = false;
  #lookedAtMonotonicMs = -Infinity;
  #lookedAtWallMs = -Infinity;
  #listed: readonly string[] = [];
  #listedAtMs = -Infinity;

  constructor(options: WritersOptions) {
    this.#options = options;
  }

  /** As last listed, and this one in any case. */
  get known(): readonly string[] {
    return this.#name === undefined || this.isListed ? this.#listed : [...this.#listed, this.#name];
  }

  get isListed(): boolean {
    return this.#name !== undefined && this.#listed.includes(this.#name);
  }

  /** All that have records, whoever came a moment ago included. @throws AutosyncError RECORDS_UNAVAILABLE */
  async all(): Promise<readonly string[]> {
    if (this.#options.monotonic() - this.#listedAtMs >= BELIEVED_MS) {
      await this.list();
      if (this.#wasShown && !this.isListed) this.#findAgain();
    }
    return this.known;
  }

  /** The listing was lost: what was written under our name nobody else finds, though it may be what another cluster is told. */
  #findAgain(): void {
    this.#wasShown = false;
    // What was said within the hour nobody takes over yet; else our name is another from now on.
    const saying = this.#isDue ? this.own() : this.sayAgain();
    saying.catch(() => undefined);
  }

  /** With when each last said that it writes, by the clocks of Swift's proxies: milliseconds since 1970. @throws AutosyncError RECORDS_UNAVAILABLE */
  async list(): Promise<ReadonlyMap<string, number>> {
    const beganMs = this.#options.monotonic();
    const said = new Map<string, number>();
    for await (const { name, lastModified } of this.#options.store.list(WRITERS_PREFIX))
      said.set(name.slice(WRITERS_PREFIX.length), Date.parse(`${lastModified}Z`));
    this.#listed = [...said.keys()];
    this.#listedAtMs = beganMs;
    if (this.isListed) this.#wasShown = true;
    return said;
  }

  /** Whether it is time to say again that we write. A host that slept does not count that time. */
  get #isDue(): boolean {
    const { monotonic, now } = this.#options;
    return (
      monotonic() - this.#lookedAtMonotonicMs >= SAY_MS || Math.abs(now() - this.#lookedAtWallMs) >= SAY_MS
    );
  }

  /** The name to write under, which all who read know. @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
  own(): Promise<string> {
    if (this.#own === undefined || this.#isDue) {
      const { monotonic, now } = this.#options;
      this.#lookedAtMonotonicMs = monotonic();
      this.#lookedAtWallMs = now();
      this.#own = this.#say();
      this.#own.catch(() => (this.#own = undefined));
    }
    return this.#own;
  }

  /** Those that went out of use so long ago that nothing of them is under way. @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
  async gone(): Promise<readonly string[]> {
    const own = await this.own();
    const said = await this.list();
    // Both dates are Swift's: this host's clock may be wrong.
    const nowMs = said.get(own) ?? -Infinity;
    return [...said].filter(([, saidMs]) => nowMs - saidMs > GONE_MS).map(([name]) => name);
  }

  /** All that was kept is gone, our name with it. @throws AutosyncError RECORDS_UNAVAILABLE */
  async sayAgain(): Promise<void> {
    if (this.#name !== undefined) await this.#introduce(this.#name);
  }

  async #say(): Promise<string> {
    const { claim, now, maxAheadMs, sleep } = this.#options;
    const isFirst = this.#name === undefined;
    const name = (this.#name ??= await claim());
    const saidMs = (await this.list()).get(name);
    if (saidMs === undefined && isFirst) return this.#introduce(name);
    if (saidMs === undefined) {
      // What is under it is found again, and taken over.
      await this.#put(name);
      return this.#rename();
    }
    const agoMs = (this.#options.store.answeredAtMs ?? now()) - saidMs;
    if (Math.abs(agoMs) < SAY_MS) {
      // Put there by a process before this one, which may have ended a moment ago.
      if (agoMs <= maxAheadMs + LONG_KNOWN_MS) await sleep(BELIEVED_MS);
      return name;
    }
    const atMs = await this.#put(name);
    return atMs >= saidMs && atMs - saidMs < OUT_OF_USE_MS ? name : this.#rename();
  }

  /** Others may be about to take over what is under the name before. */
  async #rename(): Promise<string> {
    const { claim, now } = this.#options;
    this.#name = `${await claim()}.${now().toString(36)}`;
    this.#wasShown = false;
    return this.#introduce(this.#name);
  }

  async #introduce(name: string): Promise<string> {
    await this.#put(name);
    for (let tries = 0; tries < LIST_TRIES; tries += 1) {
      if ((await this.list()).has(name)) {
        await this.#options.sleep(BELIEVED_MS);
        return name;
      }
      await this.#options.sleep(LIST_WAIT_MS);
    }
    throw new AutosyncError(
      'RECORDS_UNAVAILABLE',
      "The service user's container does not list what is in it.",
    );
  }

  /** When that was, by Swift's clock. */
  async #put(name: string): Promise<number> {
    return (await this.#options.store.put(WRITERS_PREFIX + name, Buffer.alloc(0), 'text/plain')).atMs;
  }
}
