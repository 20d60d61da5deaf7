// What clients were told, and what must therefore be true in the end. Knows requests and answers only: nothing of records,
// versions or how clusters come to agree.
import { compareNames } from '../../src/lib/name-order.js';

/** A client's container PUT, POST or DELETE. */
export interface Deed {
  readonly id: number;
  readonly kind: 'PUT' | 'POST' | 'DELETE';
  readonly cluster: string;
  readonly container: string;
  /** '' removes. */
  readonly settings: ReadonlyMap<string, string>;
  /** Past the gateways: taken over if and when the audit sees it. */
  readonly isDirect: boolean;
  readonly startMs: number;
  readonly startTurn: number;
  /** Undefined while nobody has answered. */
  end: DeedEnd | undefined;
}

export interface DeedEnd {
  readonly status: number;
  readonly ms: number;
  readonly turn: number;
  readonly isUnrecorded: boolean;
  /** Clusters that the answer says are behind. */
  readonly behind: readonly string[];
}

export interface ObjectWrite {
  readonly cluster: string;
  readonly container: string;
  readonly object: string;
  readonly ticks: number;
  /** Undefined: deleted. */
  readonly value: string | undefined;
}

/** What one cluster holds of a container in the end; undefined for nothing. */
export type Held =
  | { readonly settings: ReadonlyMap<string, string>; readonly objects: ReadonlyMap<string, string> }
  | undefined;

/** A cluster that lost or could not write records: what it knew before counts for nothing. */
interface Loss {
  readonly cluster: string;
  readonly turn: number;
}

export class Ledger {
  readonly deeds: Deed[] = [];
  readonly objects: ObjectWrite[] = [];
  readonly losses: Loss[] = [];
  /** How far any two clocks were ever apart. */
  skewMs = 2_000;
  #turn = 0;

  turn(): number {
    this.#turn += 1;
    return this.#turn;
  }

  /** What is wrong with `held`, the same on all clusters; empty: nothing. */
  check(container: string, held: Held): string[] {
    const wrong: string[] = [];
    const deeds = this.deeds.filter((deed) => deed.container === container);
    const writes = this.objects.filter((each) => each.container === container);
    const complain = (text: string): void => void wrong.push(`${container}: ${text}`);
    this.#checkObjects(writes, held, complain);
    if (held === undefined) {
      const isDeletedFor = (put: Deed): boolean =>
        deeds.some((deed) => deed.kind === 'DELETE' && isPossible(deed) && !this.#isBefore(deed, put));
      for (const put of deeds) {
        // A PUT of what was there (202) makes nothing: an older DELETE that comes in late still counts.
        if (put.kind === 'PUT' && put.end?.status === 201 && isKept(put) && !isDeletedFor(put))
          complain(`is gone, but request ${put.id} made it, and nobody deleted it later`);
      }
      return wrong;
    }
    const mayBeRevived = writes.some(({ value }) => value !== undefined);
    // A POST that meets a DELETE may make the container live again.
    const makers = deeds.filter((deed) => deed.kind !== 'DELETE' && isPossible(deed));
    const deletion = (put: Deed): Deed | undefined =>
      deeds.find((deed) => deed.kind === 'DELETE' && isKept(deed) && this.#isBefore(put, deed));
    if (!mayBeRevived && makers.every((put) => deletion(put) !== undefined))
      complain(`is there, but nobody made it after ${makers.map((put) => deletion(put)?.id).join(', ')}`);
    const names = new Set([...deeds.flatMap((deed) => [...deed.settings.keys()]), ...held.settings.keys()]);
    for (const name of names)
      this.#checkSetting(deeds, name, held.settings.get(name) ?? '', mayBeRevived, complain);
    return wrong;
  }

  #checkSetting(
    deeds: readonly Deed[],
    name: string,
    value: string,
    mayBeRevived: boolean,
    complain: (text: string) => void,
  ): void {
    const puts = deeds.filter((deed) => deed.kind !== 'DELETE' && isPossible(deed));
    /** It emptied the container for good: nothing that may make it live again was at the same time. */
    const isClean = (deed: Deed): boolean =>
      deed.kind === 'DELETE' &&
      isKept(deed) &&
      !mayBeRevived &&
      puts.every((put) => this.#isBefore(put, deed) || this.#isBefore(deed, put));
    const isWrite = (deed: Deed): boolean => deed.settings.has(name);
    /** What meets a DELETE may be lost with the container. */
    const isSure = (deed: Deed): boolean =>
      isWrite(deed) &&
      isKept(deed) &&
      deeds.every(
        (other) =>
          other.kind !== 'DELETE' ||
          !isPossible(other) ||
          this.#isBefore(other, deed) ||
          this.#isBefore(deed, other),
      );
    const wasDeleted = deeds.some((deed) => deed.kind === 'DELETE' && isPossible(deed));
    /** Whoever makes a deleted container again makes it empty. */
    const isReset = (deed: Deed): boolean => deed.kind === 'DELETE' || (deed.kind === 'PUT' && wasDeleted);
    const sources = deeds.filter(
      (deed) =>
        isPossible(deed) &&
        (isWrite(deed) ? deed.settings.get(name) === value : value === '' && isReset(deed)),
    );
    const overwriter = (source: Deed): Deed | undefined =>
      deeds.find(
        (deed) => deed !== source && (isSure(deed) || isClean(deed)) && this.#isBefore(source, deed),
      );
    // What was never set is empty, as from a request before all others.
    const isUnset = value === '' && !deeds.some(isSure);
    if (isUnset || sources.some((source) => overwriter(source) === undefined)) return;
    const reasons = sources.map((source) => `${source.id} < ${overwriter(source)?.id}`).join(', ');
    complain(`${name} is '${value}', which nobody set last (${reasons})`);
  }

  #checkObjects(writes: readonly ObjectWrite[], held: Held, complain: (text: string) => void): void {
    const newest = new Map<string, ObjectWrite>();
    for (const write of writes) {
      const known = newest.get(write.object);
      if (known === undefined || known.ticks < write.ticks) newest.set(write.object, write);
    }
    for (const [object, { value }] of [...newest].sort(([a], [b]) => compareNames(a, b))) {
      const here = held?.objects.get(object);
      if (here === value) continue;
      if (value === undefined) complain(`object ${object} is ${here ?? ''}, but was deleted`);
      else complain(`object ${object} is ${here ?? 'gone'}, but was last written as ${value}`);
    }
  }

  /** Whether whoever did `later` had to know of `earlier`, or clocks could not be so wrong as to take it for older. */
  #isBefore(earlier: Deed, later: Deed): boolean {
    const { end } = earlier;
    if (end === undefined || !isKept(earlier) || end.turn >= later.startTurn) return false;
    if (earlier.isDirect || later.isDirect) return false;
    if (end.ms + this.skewMs < later.startMs) return true;
    if (this.losses.some(({ cluster }) => cluster === later.cluster)) return false;
    return earlier.cluster === later.cluster || !end.behind.includes(later.cluster);
  }
}

/** It was done, and said to be. */
function isKept({ end, isDirect }: Deed): boolean {
  return !isDirect && end !== undefined && end.status >= 200 && end.status < 300 && !end.isUnrecorded;
}

/** It may have been done. */
function isPossible({ end }: Deed): boolean {
  return end === undefined || end.status < 300 || end.status >= 500;
}
