// One client's change of one container, remembered with what the client was told; and whether the container can have come of all of them.
import type { Deed, Ledger } from '../simulation/ledger.js';
import type { SwiftSession } from '../support/clusters.js';
import { stateOf } from '../support/compare.js';

const SETTINGS = ['x-container-meta-colour', 'x-container-meta-shape', 'x-container-read'] as const;

/** The status; undefined where no answer came. */
export async function changeContainer(
  ledger: Ledger,
  what: Pick<Deed, 'kind' | 'cluster' | 'container'>,
  session: SwiftSession,
  chance: { next(): number; pick<T>(all: readonly T[]): T },
): Promise<number | undefined> {
  const id = ledger.deeds.length;
  const settings = new Map<string, string>();
  if (what.kind !== 'DELETE') settings.set(chance.pick(SETTINGS), chance.next() < 0.2 ? '' : `v${id}`);
  const deed: Deed = {
    ...{ ...what, id, settings, isDirect: false },
    ...{ startMs: Date.now(), startTurn: ledger.turn(), end: undefined },
  };
  ledger.deeds.push(deed);
  try {
    const answer = await session.request(deed.kind, `/${deed.container}`, Object.fromEntries(settings));
    deed.end = {
      status: answer.status,
      ...{ ms: Date.now(), turn: ledger.turn() },
      isUnrecorded: 'x-autosync-unrecorded' in answer.headers,
      behind: answer.headers['x-autosync-pending']?.split(', ') ?? [],
    };
    return answer.status;
  } catch {
    return undefined;
  }
}

/** What is wrong with a container that is the same on all clusters. */
export async function checkContainer(
  ledger: Ledger,
  session: SwiftSession,
  container: string,
): Promise<string[]> {
  const state = await stateOf(session, container);
  const held = state && { settings: new Map(Object.entries(state.settings)), objects: new Map() };
  held?.settings.delete('x-container-sync-key');
  const wrong = ledger.check(container, held);
  // What led to it, for whoever reads the failure.
  if (wrong.length > 0)
    for (const deed of ledger.deeds.filter((each) => each.container === container)) console.log(textOf(deed));
  return wrong;
}

function textOf({ id, kind, cluster, settings, startMs, end }: Deed): string {
  const set = [...settings].map(([name, value]) => `${name}: ${value}`).join(', ');
  const answer =
    end === undefined
      ? 'no answer'
      : `${end.status} after ${end.ms - startMs} ms${end.isUnrecorded ? ', unrecorded' : ''}, behind: ${end.behind.join(' ')}`;
  return `${new Date(startMs).toISOString()} ${id}. ${kind} at ${cluster}, ${set}: ${answer}`;
}
