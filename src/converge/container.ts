// Makes this cluster's copy of a container what its record says: observe, compare, record, apply.
// The one way by which a peer's change, a repeated one and the audit reach Swift.
import { HeaderList } from '../http/headers.js';
import type { ClientAnswer } from '../http/request-sender.js';
import { DESIRED, lifeOf, recordedPlacement, settingsOf, type Record } from '../records/record.js';
import { hashOf, newestVersion, register } from '../records/register.js';
import { derivedKeys, syncWish, type BaseSite, type ContainerName } from '../site/site.js';
import { swiftTarget } from '../swift/path.js';
import { isSuccess, type Rights } from '../swift/swift-client.js';
import { planSync, type SyncPlan, type SyncState } from '../sync/sync-plan.js';
import type { Comparison, LifeFinding } from './compare.js';
import { belongsAt } from '../site/placement.js';
import { ownersKeyIn, syncFault, whatKeepsApart, type Fault } from './faults.js';
import { observedOf, type Seen } from './observe.js';
import { makeContainer } from './policy.js';
import { lookAndTakeIn, type TakeInOptions } from './take-in.js';

/** What came of it. */
export interface Converged {
  readonly life: LifeFinding;
  /** Settings that were not as recorded, and are made so. */
  readonly behind: readonly string[];
  /** Settings changed here past the gateways, and taken over. */
  readonly adopted: readonly string[];
  /** What was not right of sync-to and key, and is made so. */
  readonly syncFault: Fault | undefined;
  /** With user_sync = allow: the key that its owner chose. */
  readonly ownersKey: string | undefined;
  /** What keeps its copies from being the same, though there is nothing to be mended. */
  readonly apart: readonly Fault[];
  /** How the container takes part in container sync here. */
  readonly state: SyncState;
  /** What Swift refused first, else its last answer; undefined where nothing was to be done. */
  readonly answer: ClientAnswer | undefined;
  readonly record: Record;
  /** The record could not be read or written. */
  readonly isUnrecorded: boolean;
  /** What was done here, for people: `POST x-container-read`, `PUT`, `DELETE`. */
  readonly actions: readonly string[];
}

export interface ConvergeOptions extends TakeInOptions {
  readonly rights: Rights;
  /** Where the record does not say it. */
  readonly placement?: readonly string[];
  /** With user_sync = allow, what a peer says of the key: an owner's own, or '' for none. Unsaid, an unknown key stays. */
  readonly ownersKey?: string | undefined;
}

/** @throws AutosyncError what Swift's client throws, and CLOCK_SKEW; a retry may help all of them */
export async function convergeContainer(
  site: BaseSite,
  name: ContainerName,
  options: ConvergeOptions,
): Promise<Converged> {
  const { rights } = options;
  await site.fence.load();
  const { seen, record, comparison, isUnrecorded } = await lookAndTakeIn(
    site,
    name,
    async () => observedOf(await site.swift.readContainer(rights, name.account, name.container)),
    options,
  );
  const plan = planHere(site, name, record, seen, options);
  const base = {
    life: comparison.life,
    behind: [...comparison.behind.keys()],
    adopted: [...comparison.adopted.keys()],
    syncFault:
      comparison.life === 'same' && lifeOf(record) === 'present'
        ? syncFault(plan, seen.state, derivedKeys(site, name))
        : undefined,
    ownersKey: ownersKeyIn(site, name, seen.state),
    record,
    isUnrecorded,
  };
  const steps = stepsFor(comparison, record, plan, belongsAt(site, record, site.clusters.mine));
  const actions = steps.map(describe);
  let { state } = plan;
  let answer: ClientAnswer | undefined;
  for (const step of options.isDryRun === true ? [] : steps) {
    const answered = await take(site, rights, name, record, step);
    if (step.isSync && isRefusedAsVersioned(answered)) state = 'versioned';
    else if (answer === undefined || isSuccess(answer.status)) answer = answered;
  }
  if (comparison.life === 'delete' && isGone(answer) && !isUnrecorded) {
    const now = await noteGone(site, name);
    // A newer change may have been taken in while the DELETE was on its way.
    if (now !== undefined && lifeOf(now) === 'present')
      return convergeContainer(site, name, { ...options, incoming: now.desired });
  }
  const apart = whatKeepsApart(site, record, seen.state, state === 'versioned');
  return { ...base, state, apart, answer, actions };
}

function isGone(answer: ClientAnswer | undefined): boolean {
  return answer !== undefined && (isSuccess(answer.status) || answer.status === 404);
}

/** Remembered at once: a container that is here again after this was made by somebody. */
async function noteGone(site: BaseSite, name: ContainerName): Promise<Record | undefined> {
  const clock = await site.records?.clock();
  if (clock === undefined) return undefined;
  const absent = hashOf('absent');
  return site.records?.change(name, ({ desired, seen }) => {
    if (lifeOf({ desired }) !== 'deleted' || seen.get(DESIRED.life)?.value === absent) return {};
    const version = clock.next(newestVersion(desired, seen));
    return { seen: new Map([[DESIRED.life, register(absent, version)]]) };
  });
}

function planHere(
  site: BaseSite,
  name: ContainerName,
  { desired }: Record,
  { state }: Seen,
  options: ConvergeOptions,
): SyncPlan {
  const { placement: said = [] } = options;
  const unrecorded = said.length > 0 ? said : site.options.defaultPlacement(name);
  const placement = recordedPlacement({ desired }) ?? unrecorded;
  const heldBack = desired.get(DESIRED.heldBack)?.value;
  const { syncTo, key, isOurs, isOurKey, keepsKey } = syncWish(site, placement, name);
  return planSync(state, {
    syncTo,
    isOurs,
    keepsKey,
    ...(options.ownersKey === undefined
      ? { key, ...(isOurKey === undefined ? {} : { isOurKey }) }
      : { key: options.ownersKey === '' ? key : options.ownersKey }),
    heldBack: heldBack === 'versioned' || heldBack === 'user' ? heldBack : undefined,
  });
}

interface Step {
  readonly method: 'PUT' | 'POST' | 'DELETE';
  readonly headers: readonly (readonly [string, string])[];
  /** Sets nothing but container sync. */
  readonly isSync: boolean;
}

/** Where Swift refuses metadata, access is set all the same: nobody may keep what was taken away. */
async function take(
  site: BaseSite,
  rights: Rights,
  name: ContainerName,
  record: Record,
  { method, headers }: Step,
): Promise<ClientAnswer> {
  if (method === 'PUT') return makeContainer(site, rights, name, record, headers);
  const target = swiftTarget(name.account, name.container);
  const send = (sent: Step['headers']): Promise<ClientAnswer> =>
    site.swift.request(rights, { method, target, headers: HeaderList.from([...sent]) });
  const answer = await send(headers);
  const access = headers.filter(
    ([header]) => header === 'x-container-read' || header === 'x-container-write',
  );
  if (answer.status === 400 && access.length > 0 && access.length < headers.length) await send(access);
  return answer;
}

function stepsFor(
  { life, behind }: Comparison,
  record: Record,
  plan: SyncPlan,
  belongsHere: boolean,
): Step[] {
  switch (life) {
    case 'create': {
      if (!belongsHere) return [];
      const settings = [...settingsOf('container', record.desired)].filter(([, { value }]) => value !== '');
      const headers = settings.map(([header, { value }]) => [header, value] as const);
      return [{ method: 'PUT', headers: [...headers, ...plan.change], isSync: false }];
    }
    case 'delete':
      return [{ method: 'DELETE', headers: [], isSync: false }];
    case 'same':
    case 'created-here':
    case 'unknown': {
      const steps: Step[] = [];
      if (behind.size > 0) steps.push({ method: 'POST', headers: [...behind], isSync: false });
      if (lifeOf(record) === 'present' && plan.change.length > 0)
        steps.push({ method: 'POST', headers: plan.change, isSync: true });
      return steps;
    }
    case 'deleted-here':
    case 'intended':
      return [];
  }
}

function describe({ method, headers }: Step): string {
  return [method, ...headers.map(([header]) => header)].join(' ');
}

/** Swift does not sync a container that had X-Versions-Enabled on once, as long as it lives (middleware/container_sync.py). */
export function isRefusedAsVersioned({ status, body }: Pick<ClientAnswer, 'status' | 'body'>): boolean {
  return status === 400 && body.includes('object versioning');
}
