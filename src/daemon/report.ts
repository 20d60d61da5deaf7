// What a pass found and did, for people and for `autosync status`. Pure.
import type { ReasonCode } from '../lib/reasons.js';

/**
 * `mended`: as it should be now (in a dry run: would be); `unmended`: not yet; `apart`: there is nothing to mend, yet clusters are not
 * kept equal in it, for a reason that only a person can take away.
 */
export type Outcome = 'mended' | 'unmended' | 'apart';

export interface Finding {
  readonly account: string;
  readonly container?: string | undefined;
  /** Where; the daemon's own cluster if not said. */
  readonly cluster: string;
  readonly code: ReasonCode;
  readonly detail: string;
  readonly outcome: Outcome;
}

export interface Tally {
  readonly code: ReasonCode;
  readonly outcome: Outcome;
  readonly count: number;
}

/** Of a pass, what is not counted. */
interface PassFrame {
  readonly cluster: string;
  readonly isDryRun: boolean;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Peers that could not be asked. */
  readonly unreachable: readonly string[];
  /** Why the pass ended early. */
  readonly brokenOff?: string;
}

export interface PassReport extends PassFrame {
  readonly accounts: number;
  readonly containers: number;
  /** Containers that were looked at with a HEAD. */
  readonly looked: number;
  /** Containers from before autosync, in no record, which are left alone. */
  readonly notAdopted: number;
  readonly mended: number;
  readonly unmended: number;
  readonly apart: number;
  /** The same, by code: of all findings, also those not listed. */
  readonly tally: readonly Tally[];
  /** The first ones. */
  readonly findings: readonly Finding[];
}

const MAX_FINDINGS = 1_000;
const MAX_TROUBLED = 10_000;

/** Counts as a pass goes on. */
export class PassCount {
  readonly findings: Finding[] = [];
  /** Names (ACCOUNT/CONTAINER) of what is not as it should be after the pass: the next one looks at them again. */
  readonly troubled = new Set<string>();
  accounts = 0;
  containers = 0;
  looked = 0;
  notAdopted = 0;
  /** Containers in no record anywhere, of an account that was adopted: their objects are to be compared soon. */
  takenOver = 0;
  readonly #tally = new Map<string, Tally>();

  add(finding: Finding): void {
    const { code, outcome } = finding;
    const key = `${code} ${outcome}`;
    this.#tally.set(key, { code, outcome, count: (this.#tally.get(key)?.count ?? 0) + 1 });
    if (this.findings.length < MAX_FINDINGS) this.findings.push(finding);
    const { account, container } = finding;
    if (outcome !== 'mended' && container !== undefined && this.troubled.size < MAX_TROUBLED)
      this.troubled.add(`${account}/${container}`);
  }

  /** How many findings ended so. */
  of(outcome: Outcome): number {
    return this.tally.reduce((sum, each) => sum + (each.outcome === outcome ? each.count : 0), 0);
  }

  get tally(): readonly Tally[] {
    return [...this.#tally.values()];
  }

  /** What a report says of it. */
  summary(): Omit<PassReport, keyof PassFrame> {
    const { accounts, containers, looked, notAdopted, tally, findings } = this;
    const [mended, unmended, apart] = [this.of('mended'), this.of('unmended'), this.of('apart')];
    return { accounts, containers, looked, notAdopted, mended, unmended, apart, tally, findings };
  }
}
