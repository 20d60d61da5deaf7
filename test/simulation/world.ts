// Where simulated processes live: a virtual clock, and all that they wait for (Swift, peers, time), let go one at a time in an
// order that the history chooses. Processes die between any two of these steps. Knows nothing of what they do.

/** One life of a process: what a dead one waits for never comes. */
export interface Life {
  readonly name: string;
  isDead: boolean;
}

/** Never dies: what is on its way through the network. */
export const NETWORK: Life = { name: 'network', isDead: false };

interface Step {
  readonly life: Life;
  readonly label: string;
  readonly sinceMs: number;
  readonly notBeforeMs: number;
  /** Does it, and lets the process go on. */
  readonly run: () => void;
  /** Does it, and nobody hears of it. */
  readonly runUnheard: () => void;
}

/** No request takes longer than this: what the code's SETTLE_MS rests on. */
const LONGEST_MS = 60_000;

export class World {
  nowMs = Date.UTC(2026, 0, 1);
  readonly isTraced: boolean;
  readonly trace: string[] = [];
  /** What can be nobody's doing: faults of the code itself. */
  readonly faults: unknown[] = [];
  /** What was found to be wrong on the way. */
  readonly wrong: string[] = [];
  /** Steps so far. */
  count = 0;
  readonly #picks: readonly number[];
  #picked = 0;
  #steps: Step[] = [];
  /** Steps are done as soon as they are asked for. */
  isFree = false;

  /** @param isTraced traces cost time: only what failed is played again with one */
  constructor(picks: readonly number[], isTraced: boolean) {
    this.#picks = picks;
    this.isTraced = isTraced;
  }

  note(line: string): void {
    if (!this.isTraced) return;
    this.trace.push(`${String((this.nowMs % 100_000_000) / 1000).padStart(10)}  ${line}`);
  }

  /** Waits for its turn, then does it; never comes back to a process that has died meanwhile. Without a label, `effect` notes what it did. */
  step<T>(life: Life, label: string, effect: () => T, notBeforeMs = 0): Promise<T> {
    if (life.isDead) return new Promise(() => undefined);
    if (this.isFree) {
      this.nowMs = Math.max(this.nowMs + 1, notBeforeMs);
      this.count += 1;
      if (label !== '') this.note(`${life.name}: ${label}`);
      return new Promise((resolve) => resolve(effect()));
    }
    return new Promise((resolve, reject) => {
      this.#steps.push({
        life,
        label,
        sinceMs: this.nowMs,
        notBeforeMs,
        run: () => {
          try {
            resolve(effect());
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        },
        runUnheard: () => void effect(),
      });
    });
  }

  sleep(life: Life, ms: number): Promise<void> {
    return this.step(life, `slept ${ms} ms`, () => undefined, this.nowMs + ms);
  }

  /** Lets up to `count` steps happen; fewer if all is done. */
  async run(count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      await settled();
      const step = this.#next();
      if (step === undefined) return;
      this.nowMs = Math.max(this.nowMs + 1, step.notBeforeMs);
      this.count += 1;
      if (step.label !== '') this.note(`${step.life.name}: ${step.label}`);
      step.run();
    }
  }

  /** Until nothing is under way. @throws Error where that has no end */
  async finish(): Promise<void> {
    const before = this.count;
    await this.run(100_000);
    if (this.count - before >= 100_000) throw new Error('no end of steps');
  }

  /** Time passes; what is under way for too long comes to its end before. */
  async wait(ms: number): Promise<void> {
    const oldest = Math.min(this.nowMs, ...this.#steps.map(({ sinceMs }) => sinceMs));
    if (this.nowMs + ms - oldest > LONGEST_MS) await this.finish();
    this.nowMs += ms;
  }

  /** Of what the process was waiting for, the first `unheard` things happen all the same. */
  kill(life: Life, unheard: number): void {
    life.isDead = true;
    const own = this.#steps.filter((step) => step.life === life);
    this.#steps = this.#steps.filter((step) => step.life !== life);
    for (const step of own.slice(0, unheard)) {
      this.note(`${life.name}, dead: ${step.label}`);
      try {
        step.runUnheard();
      } catch {
        // Nobody is there to hear of it.
      }
    }
  }

  #next(): Step | undefined {
    if (this.#steps.length === 0) return undefined;
    let ready = this.#steps.filter(({ notBeforeMs }) => notBeforeMs <= this.nowMs);
    if (ready.length === 0) {
      const first = Math.min(...this.#steps.map(({ notBeforeMs }) => notBeforeMs));
      ready = this.#steps.filter(({ notBeforeMs }) => notBeforeMs === first);
    }
    const pick = this.#picks.length === 0 ? 0 : (this.#picks[this.#picked % this.#picks.length] ?? 0);
    this.#picked += 1;
    const step = ready[pick % ready.length] as Step;
    this.#steps.splice(this.#steps.indexOf(step), 1);
    return step;
  }
}

/** All promises that can go on have gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const onDeath = new WeakMap<Life, (() => void)[]>();

/** Whoever is to hear of a process's death. */
export function deaths(life: Life): (() => void)[] {
  const list = onDeath.get(life) ?? [];
  onDeath.set(life, list);
  return list;
}
