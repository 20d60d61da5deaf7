// What was to be copied to one peer and was not, as far as this cluster knows: dropped, refused, or lost with a process. It counts as
// behind from then on, until the container is found to be the same there. Pure.
import type { ContainerName } from '../site/site.js';

/** From the first to the last that was not copied, in milliseconds since 1970. */
export interface Span {
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface UnprovenContainer extends ContainerName, Span {
  /** Jobs that were not done; 0 where nobody counted. */
  readonly jobs: number;
}

export interface UnprovenState {
  /** The oldest; undefined where all is proven. */
  readonly sinceMs: number | undefined;
  readonly jobs: number;
  /** Those that are known by name. */
  readonly containers: readonly UnprovenContainer[];
  /** In containers whose names are not known: any may be one of them. */
  readonly anywhere: Span | undefined;
}

export const NOTHING_UNPROVEN: UnprovenState = {
  sinceMs: undefined,
  jobs: 0,
  containers: [],
  anywhere: undefined,
};

export class Unproven {
  readonly #max: number;
  /** By name, the next to be looked at first. */
  readonly #containers = new Map<string, UnprovenContainer>();
  #anywhere: Span | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  add({ account, container }: ContainerName, { firstMs, lastMs }: Span, jobs: number): void {
    const id = `${account}/${container}`;
    const known = this.#containers.get(id);
    if (known === undefined && this.#containers.size >= this.#max) {
      this.addAnywhere({ firstMs, lastMs });
      return;
    }
    const span = spanOf(known, { firstMs, lastMs });
    this.#containers.set(id, { account, container, ...span, jobs: (known?.jobs ?? 0) + jobs });
  }

  addAnywhere(span: Span): void {
    this.#anywhere = spanOf(this.#anywhere, span);
  }

  /** All that another one had. */
  addAll({ containers, anywhere }: Pick<UnprovenState, 'containers' | 'anywhere'>): void {
    for (const each of containers) this.add(each, each, each.jobs);
    if (anywhere !== undefined) this.addAnywhere(anywhere);
  }

  /** A named container whose turn it is to be looked at; the others come before it is returned again. */
  next(): UnprovenContainer | undefined {
    for (const [id, found] of this.#containers) {
      this.#containers.delete(id);
      this.#containers.set(id, found);
      return found;
    }
    return undefined;
  }

  get anywhere(): Span | undefined {
    return this.#anywhere;
  }

  /** The container was looked at, and nothing up to then is missing. What was dropped since stays. */
  proven({ account, container, lastMs }: UnprovenContainer): void {
    const id = `${account}/${container}`;
    if ((this.#containers.get(id)?.lastMs ?? Infinity) <= lastMs) this.#containers.delete(id);
  }

  /** Every container was looked at; those that are not well were added by name. */
  provenAnywhere({ lastMs }: Span): void {
    if (this.#anywhere !== undefined && this.#anywhere.lastMs <= lastMs) this.#anywhere = undefined;
  }

  /** @param max so many containers are named, the oldest first; the rest are `anywhere` */
  state(max = Infinity): UnprovenState {
    if (this.#containers.size === 0 && this.#anywhere === undefined) return NOTHING_UNPROVEN;
    const all = [...this.#containers.values()].sort((a, b) => a.firstMs - b.firstMs);
    return {
      sinceMs: Math.min(this.#anywhere?.firstMs ?? Infinity, all[0]?.firstMs ?? Infinity),
      jobs: all.reduce((sum, { jobs }) => sum + jobs, 0),
      containers: all.slice(0, max),
      anywhere: all.slice(max).reduce<Span | undefined>(spanOf, this.#anywhere),
    };
  }
}

function spanOf(known: Span | undefined, { firstMs, lastMs }: Span): Span {
  return {
    firstMs: Math.min(known?.firstMs ?? Infinity, firstMs),
    lastMs: Math.max(known?.lastMs ?? 0, lastMs),
  };
}
