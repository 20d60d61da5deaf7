// Finds out, one container after the other and in no hurry, whether what was not copied to a peer has come there by other means:
// container sync, an operator, or not at all.
import { AutosyncError } from '../lib/errors.js';
import type { Peer } from '../peers/peer.js';
import { recordedAccounts, recordRows } from '../records/rows.js';
import type { BaseSite, ContainerName } from '../site/site.js';
import { isCopied } from './compare-listings.js';
import type { Span, Unproven } from './unproven.js';

export interface ProverOptions {
  readonly site: BaseSite;
  readonly peer: Peer;
  readonly unproven: Unproven;
  /** The peers of a container; none where it is not copied. */
  readonly peersOf: (name: ContainerName) => Promise<readonly Peer[]>;
  /** Copies are not getting there: no use to ask. */
  readonly isInTrouble: () => boolean;
}

/** Between two looks; longer after one that took long, so that it takes a tenth of the time at most. */
const PAUSE_MS = 3_000;
const SHARE = 10;

export class Prover {
  readonly #options: ProverOptions;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: ProverOptions) {
    this.#options = options;
    this.#wait(PAUSE_MS);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #wait(ms: number): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#look(), ms);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const began = performance.now();
    const { site, peer, unproven, isInTrouble } = this.#options;
    try {
      if (!isInTrouble()) {
        const next = unproven.next();
        if (next !== undefined && (await this.#isThere(next, next.lastMs))) unproven.proven(next);
        else if (unproven.anywhere !== undefined) await this.#lookEverywhere(unproven.anywhere);
      }
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      site.log.debug({ peer: peer.name, code: error.code }, `not compared: ${error.message}`);
    }
    this.#wait(Math.max(PAUSE_MS, SHARE * (performance.now() - began)));
  }

  /** Of all that is recorded: what no record has is not copied. Ends early, to begin anew, where one cannot be asked. */
  async #lookEverywhere(span: Span): Promise<void> {
    const { site, unproven } = this.#options;
    const { records } = site;
    if (records === undefined) return;
    for (const account of await recordedAccounts(records)) {
      if (!site.options.isAccountOurs(account)) continue;
      for await (const [container] of recordRows(records, account)) {
        if (this.#isClosed) return;
        const name = { account, container };
        if (!(await this.#isThere(name, span.lastMs))) unproven.add(name, span, 0);
      }
    }
    unproven.provenAnywhere(span);
  }

  async #isThere(name: ContainerName, untilMs: number): Promise<boolean> {
    const { site, peer, peersOf } = this.#options;
    const peers = await peersOf(name);
    return !peers.includes(peer) || isCopied(site, peer, name, untilMs);
  }
}
