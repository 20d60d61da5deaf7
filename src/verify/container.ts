// One container, on all clusters that are to hold it: their listings side by side, in constant memory. Listings are hints: what differs in
// them is asked for by name.
import { listObjects, type ListedObject, type Member } from '../converge/object-member.js';
import { eachOf } from '../lib/each-of.js';
import { AutosyncError } from '../lib/errors.js';
import { mergeJoin, type Joined, type Sorted } from '../lib/merge-join.js';
import type { ContainerName } from '../site/site.js';
import type { Run } from './run.js';
import { verifyObject } from './object.js';

/** Objects asked for at once. */
const CONCURRENCY = 8;

/**
 * Never rejects for a cluster's trouble: that is a finding.
 *
 * @param isNew not all clusters need to have the container yet
 */
export async function verifyContainer(
  run: Run,
  { account, container }: ContainerName,
  members: readonly Member[],
  isNew: boolean,
): Promise<void> {
  const name = { account, container };
  const missing = new Set<Member>();
  let failing: Member | undefined;
  try {
    const rows = suspects(run, name, {
      ...{ members, missing },
      onFailure: (member) => (failing ??= member),
    });
    await eachOf(rows, CONCURRENCY, (object) =>
      verifyObject(
        run,
        { ...name, object },
        members.filter((member) => !missing.has(member)),
      ),
    );
  } catch (error) {
    if (!(error instanceof AutosyncError) || failing === undefined) throw error;
    run.unclear(name, [failing.cluster], `not all of it was compared: ${error.message}`);
  }
  if (missing.size === 0) return;
  if (isNew) {
    run.onItsWay(name);
    return;
  }
  const clusters = [...missing].map(({ cluster }) => cluster);
  const outcome = run.options.repair === undefined ? 'found' : 'kept';
  run.found({ kind: 'container-missing', ...name, clusters, outcome });
}

/** The names at which a closer look is due. */
async function* suspects(run: Run, name: ContainerName, of: SideBySide): AsyncGenerator<string> {
  for await (const { key, values } of sideBySide(run, name, of)) {
    const marks = values.filter((_, i) => !of.missing.has(of.members[i] as Member)).map((row) => row?.mark);
    if (run.options.isDeep || new Set(marks).size > 1) yield key;
  }
}

export interface SideBySide {
  readonly members: readonly Member[];
  /** Where the container is not: is added to. */
  readonly missing: Set<Member>;
  /** Whose listing broke off; then the generator throws. */
  readonly onFailure: (member: Member) => void;
}

/** Every object that any of the clusters lists, in constant memory. @throws AutosyncError SWIFT_REFUSED, PEER_UNREACHABLE: a listing broke off */
export async function* sideBySide(
  run: Run,
  name: ContainerName,
  { members, missing, onFailure }: SideBySide,
): AsyncGenerator<Joined<ListedObject>> {
  const { page } = run.options;
  const streams = members.map((member) =>
    named(
      listObjects(member, name, {
        ...(page === undefined ? {} : { page }),
        onMissing: () => missing.add(member),
      }),
      () => onFailure(member),
    ),
  );
  for await (const joined of mergeJoin(streams)) {
    if (!run.mayGoOn) return;
    const away = members.find(({ cluster }) => run.notAsked.has(cluster));
    if (away !== undefined) {
      onFailure(away);
      throw new AutosyncError('PEER_UNREACHABLE', run.notAsked.get(away.cluster));
    }
    run.count.objects += 1;
    yield joined;
  }
}

async function* named(stream: Sorted<ListedObject>, onFailure: () => void): Sorted<ListedObject> {
  try {
    yield* stream;
  } catch (error) {
    onFailure();
    throw error;
  }
}
