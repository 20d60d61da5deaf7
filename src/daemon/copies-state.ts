// How far objects are behind at one peer, from what this cluster's copiers last said of it. Pure.
import type { CopierStatus } from '../copy/copier.js';
import { budgetLeft, type ObjectiveState } from '../copy/objective.js';
import type { CopierState } from '../copy/lag-report.js';
import type { ReasonCode } from '../lib/reasons.js';

export interface ContainerLag {
  readonly account: string;
  readonly container: string;
  readonly objects: number;
  readonly bytes: number;
  /** Since the oldest change that is not there. */
  readonly oldestSeconds: number;
}

export interface CopiesState {
  /** What wait or are under way. */
  readonly objects: number;
  readonly bytes: number;
  /** Since the oldest of them; 0 for none. */
  readonly oldestSeconds: number;
  /** Dropped, refused or lost, and not found there since. */
  readonly unproven: number;
  /** Since the first of them; undefined for none. */
  readonly unprovenSeconds: number | undefined;
  /** The larger of both. 0: nothing is missing that any copier knows of. */
  readonly lagSeconds: number;
  /** Why copies wait; '' while they do not. */
  readonly trouble: string;
  /** Those that are furthest behind. */
  readonly containers: readonly ContainerLag[];
  /** Undefined where none is sent. */
  readonly canary: CanaryAge | undefined;
  /** How each objective was kept in the last day; none where no copier runs, or nothing was copied. */
  readonly objectives: readonly (ObjectiveState & { readonly budgetLeft: number })[];
  /** What is wrong with it; empty while nothing is. */
  readonly codes: readonly ReasonCode[];
}

/** The last canary of each copier: the slowest and the oldest of them. */
export interface CanaryAge {
  /** Undefined where none has arrived yet. */
  readonly lagSeconds: number | undefined;
  /** Since it arrived; where none has yet, since the first was sent. */
  readonly ageSeconds: number;
  /** Why none arrives; '' where one does. */
  readonly trouble: string;
}

/** Longer than this is not on the way, but behind; and at once where the peer is in trouble. */
const BEHIND_SECONDS = 10;
const CANARY_SECONDS = 60;
const MAX_CONTAINERS = 100;

/** Undefined where no copier has said anything of that peer. */
export function copiesState(
  copiers: readonly CopierState[],
  peer: string,
  nowMs: number,
): CopiesState | undefined {
  const parts = copiers.flatMap((state) =>
    state.peers.filter((each) => each.peer === peer).map((each) => ({ state, each })),
  );
  if (parts.length === 0) return undefined;
  const since = (ms: number): number => Math.max(0, (nowMs - ms) / 1000);
  const sum = (of: (each: CopierStatus) => number): number =>
    parts.reduce((total, { each }) => total + of(each), 0);
  const objects = sum(({ waiting, underWay }) => waiting + underWay);
  const oldestSeconds = Math.max(
    ...parts.map(({ state, each }) =>
      each.waiting + each.underWay === 0 ? 0 : each.oldestSeconds + since(state.atMs),
    ),
  );
  const unprovenSince = parts.flatMap(({ each }) => each.unproven.sinceMs ?? []);
  const unprovenSeconds = unprovenSince.length === 0 ? undefined : since(Math.min(...unprovenSince));
  const canary = canaryOf(parts, since);
  const codes: ReasonCode[] = [];
  const trouble = parts.find(({ each }) => each.trouble !== '')?.each.trouble ?? '';
  if (objects > 0 && (oldestSeconds > BEHIND_SECONDS || trouble !== '')) codes.push('COPIES_BEHIND');
  if (unprovenSeconds !== undefined) codes.push('COPIES_UNPROVEN');
  if (canary !== undefined && canary.trouble !== '' && canary.ageSeconds > CANARY_SECONDS)
    codes.push('CANARY_LOST');
  return {
    ...{ objects, bytes: sum(({ bytesBehind }) => bytesBehind), oldestSeconds },
    ...{ unproven: sum(({ unproven }) => unproven.jobs), unprovenSeconds, canary, codes },
    objectives: objectivesOf(parts.filter(({ state }) => !state.isEnded && !state.isSilent)),
    lagSeconds: Math.max(oldestSeconds, unprovenSeconds ?? 0),
    trouble,
    containers: parts
      .flatMap(({ each }) => each.containers)
      .map(({ oldestMs, ...each }) => ({ ...each, oldestSeconds: since(oldestMs) }))
      .sort((a, b) => b.oldestSeconds - a.oldestSeconds)
      .slice(0, MAX_CONTAINERS),
  };
}

function objectivesOf(parts: readonly { readonly each: CopierStatus }[]): CopiesState['objectives'] {
  const byRule = new Map<string, ObjectiveState>();
  for (const state of parts.flatMap(({ each }) => each.objectives ?? [])) {
    const { within = 0, late = 0 } = byRule.get(state.rule) ?? {};
    byRule.set(state.rule, { ...state, within: within + state.within, late: late + state.late });
  }
  return [...byRule.values()].map((state) => ({ ...state, budgetLeft: budgetLeft(state) }));
}

function canaryOf(
  parts: readonly { readonly state: CopierState; readonly each: CopierStatus }[],
  since: (ms: number) => number,
): CanaryAge | undefined {
  const alive = parts.filter(({ state }) => !state.isEnded && !state.isSilent).map(({ each }) => each.canary);
  const oldestMs = Math.min(...alive.map(({ measuredMs, firstMs }) => measuredMs ?? firstMs ?? Infinity));
  if (oldestMs === Infinity) return undefined;
  const lags = alive.flatMap(({ lagSeconds }) => lagSeconds ?? []);
  return {
    lagSeconds: lags.length === 0 ? undefined : Math.max(...lags),
    ageSeconds: since(oldestMs),
    trouble: alive.find((each) => each.trouble !== '')?.trouble ?? '',
  };
}
