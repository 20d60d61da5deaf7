// What a pass found and did, for people and for `autosync status`. Pure.
import type { ReasonCode } from '../lib/reasons.js';

export interface Finding {
  readonly account: string;
  readonly container?: string | undefined;
  /** Where; the daemon's own cluster if not said. */
  readonly cluster: string;
  readonly code: ReasonCode;
  readonly detail: string;
  /** It is as it should be now (in a dry run: would be). */
  readonly isMended: boolean;
}

export interface PassReport {
  readonly cluster: string;
  readonly isDryRun: boolean;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly accounts: number;
  readonly containers: number;
  /** Containers that were looked at with a HEAD. */
  readonly looked: number;
  /** Containers from before autosync, in no record, which are left alone. */
  readonly notAdopted: number;
  readonly mended: number;
  readonly unmended: number;
  /** Peers that could not be asked. */
  readonly unreachable: readonly string[];
  /** Why the pass ended early. */
  readonly brokenOff?: string;
  /** The first ones. */
  readonly findings: readonly Finding[];
}

const MAX_FINDINGS = 1_000;

/** Counts as a pass goes on. */
export class PassCount {
  readonly findings: Finding[] = [];
  accounts = 0;
  containers = 0;
  looked = 0;
  notAdopted = 0;
  #mended = 0;
  #unmended = 0;

  add(finding: Finding): void {
    if (finding.isMended) this.#mended += 1;
    else this.#unmended += 1;
    if (this.findings.length < MAX_FINDINGS) this.findings.push(finding);
  }

  get mended(): number {
    return this.#mended;
  }

  get unmended(): number {
    return this.#unmended;
  }
}
