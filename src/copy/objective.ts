// Whether copies to one peer keep the objective ("99.9 % in 60 s"): counted over the last day, minute by minute. Pure.
import type { Objective } from '../config/types.js';
import type { ContainerName } from '../site/site.js';

/** The objective of one rule of the placement; '' for the one that is for all the others. */
export interface RuledObjective extends Objective {
  readonly rule: string;
}

export interface ObjectiveState extends RuledObjective {
  /** Copies of the last day that arrived in time; deletions and metadata too. */
  readonly within: number;
  /** Those that did not, or have not yet, or were given up. */
  readonly late: number;
}

interface Minute {
  within: number;
  late: number;
}

const MINUTE_MS = 60_000;
const WINDOW_MINUTES = 24 * 60;

export class ObjectiveWindow {
  readonly #objective: RuledObjective;
  /** By minutes since 1970, oldest first. */
  readonly #minutes = new Map<number, Minute>();

  constructor(objective: RuledObjective) {
    this.#objective = objective;
  }

  get withinSeconds(): number {
    return this.#objective.withinSeconds;
  }

  /** @param seconds that the copy took; Infinity where it was given up */
  add(seconds: number, nowMs: number, copies = 1): void {
    const minute = Math.floor(nowMs / MINUTE_MS);
    const counts = this.#minutes.get(minute) ?? { within: 0, late: 0 };
    counts[seconds <= this.#objective.withinSeconds ? 'within' : 'late'] += copies;
    this.#minutes.set(minute, counts);
    this.#forget(minute);
  }

  /** @param lateNow that wait, and are too late already */
  state(lateNow: number, nowMs: number): ObjectiveState {
    this.#forget(Math.floor(nowMs / MINUTE_MS));
    const counts = [...this.#minutes.values()];
    const sum = (what: keyof Minute): number => counts.reduce((total, each) => total + each[what], 0);
    return { ...this.#objective, within: sum('within'), late: sum('late') + lateNow };
  }

  #forget(minute: number): void {
    for (const known of this.#minutes.keys()) {
      if (known > minute - WINDOW_MINUTES) return;
      this.#minutes.delete(known);
    }
  }
}

/** A job that is not done, and how long it has waited. */
export type Waiting = readonly [job: ContainerName, seconds: number];

/** The objectives of all rules that copies were made for, each with its own containers. */
export class ObjectiveWindows {
  readonly #objectiveFor: (name: ContainerName) => RuledObjective;
  readonly #windows = new Map<string, ObjectiveWindow>();

  constructor(objectiveFor: (name: ContainerName) => RuledObjective) {
    this.#objectiveFor = objectiveFor;
  }

  /** @param seconds that the copy took; Infinity where it was given up */
  add(name: ContainerName, seconds: number, nowMs: number, copies = 1): void {
    this.#windowFor(name).add(seconds, nowMs, copies);
  }

  /** @param waiting what is not done: late where it waits too long already */
  state(waiting: Iterable<Waiting>, nowMs: number): ObjectiveState[] {
    const late = new Map<ObjectiveWindow, number>();
    for (const [name, seconds] of waiting) {
      const window = this.#windowFor(name);
      if (seconds > window.withinSeconds) late.set(window, (late.get(window) ?? 0) + 1);
    }
    return [...this.#windows.values()].map((window) => window.state(late.get(window) ?? 0, nowMs));
  }

  #windowFor(name: ContainerName): ObjectiveWindow {
    const objective = this.#objectiveFor(name);
    const window = this.#windows.get(objective.rule) ?? new ObjectiveWindow(objective);
    this.#windows.set(objective.rule, window);
    return window;
  }
}

/** Share of the copies that were in time; 1 where there were none. */
export function shareOf({ within, late }: Pick<ObjectiveState, 'within' | 'late'>): number {
  return within + late === 0 ? 1 : within / (within + late);
}

/** What is left of the copies that may be late: 1 none was, 0 all that may be, less: the objective is missed. */
export function budgetLeft(state: ObjectiveState): number {
  return 1 - (1 - shareOf(state)) / (1 - state.share);
}
