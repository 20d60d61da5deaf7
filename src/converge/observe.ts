// What Swift's answer to a HEAD means for the comparison with a record. Pure.
import type { ClientAnswer } from '../http/request-sender.js';
import { AutosyncError } from '../lib/errors.js';
import type { ContainerState } from '../swift/container-state.js';
import type { Observed } from './compare.js';

export interface Seen {
  /** Undefined where there is no such container. */
  readonly state: ContainerState | undefined;
  readonly observed: Observed | undefined;
}

/** @throws AutosyncError SWIFT_REFUSED when it is neither there nor missing */
export function observedOf(found: { state: ContainerState | undefined; answer: ClientAnswer }): Seen {
  const { state, answer } = found;
  if (state === undefined) {
    if (answer.status === 404) return { state, observed: undefined };
    throw new AutosyncError('SWIFT_REFUSED', `HEAD of a container: ${answer.status} ${answer.reason}.`);
  }
  const dateMs = Date.parse(answer.headers.get('last-modified') ?? '');
  const createdMs = 1000 * Number(answer.headers.get('x-timestamp') ?? 0);
  const { settings, policy } = state;
  return {
    state,
    observed: { settings, policy, createdMs, dateMs: Number.isNaN(dateMs) ? createdMs : dateMs },
  };
}
