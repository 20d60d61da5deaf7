// The addresses behind the names in allowed_sync_hosts, looked up again from time to time.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

const REFRESH_MS = 60_000;

export class SyncHosts {
  readonly #names: readonly string[];
  #addresses: ReadonlySet<string>;

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#addresses = new Set(names.filter((name) => isIP(name) !== 0));
  }

  has(address: string): boolean {
    return this.#addresses.has(address.replace(/^::ffff:/, ''));
  }

  /** Looks all names up now and every minute. A name that cannot be looked up counts for nothing until it can. */
  async start(): Promise<void> {
    await this.#refresh();
    if (this.#names.some((name) => isIP(name) === 0))
      setInterval(() => void this.#refresh(), REFRESH_MS).unref();
  }

  async #refresh(): Promise<void> {
    const found = await Promise.allSettled(this.#names.map((name) => lookup(name, { all: true })));
    const addresses = found.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    this.#addresses = new Set(addresses.map(({ address }) => address));
  }
}
