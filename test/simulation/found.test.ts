// Histories in which the simulator once found something wrong, in few words, and played ever since.
import { expect, it } from 'vitest';
import { SETTINGS, UNTIL_IDLE, type Deed, type History, type Setting } from './history.js';
import { simulate } from './simulation.js';

const READ: readonly Setting[] = [{ name: 'x-container-read', isRemoval: false }];
const NO_READ: readonly Setting[] = [{ name: 'x-container-read', isRemoval: true }];
const COLOUR: readonly Setting[] = [{ name: SETTINGS[0], isRemoval: false }];

/** What happened, each with the number of steps until the next began. */
function history(picks: readonly number[], ...events: readonly (readonly [Deed, steps?: number])[]): History {
  return {
    clusters: 2,
    swiftOffsetsMs: [0, 0, 0],
    events: events.map(([deed, steps = UNTIL_IDLE]) => ({ deed, steps })),
    picks,
  };
}

function put(at: number, gateway: string, container = 'c1', set: readonly Setting[] = []): Deed {
  return { kind: 'PUT', at, gateway, container, set };
}

function remove(at: number, gateway: string, container = 'c1'): Deed {
  return { kind: 'DELETE', at, gateway, container };
}

const FOUND: readonly (readonly [promise: string, history: History])[] = [
  [
    'a container deleted and made again has none of the old settings, by whichever gateway',
    history(
      [0, 4, 9, 5, 9, 9, 4],
      [put(1, 'g1', 'c2', COLOUR)],
      [remove(0, 'g0', 'c2')],
      [put(0, 'g0', 'c2'), 0],
      [put(1, 'g0'), 1],
      [put(0, 'g0'), 28],
      [{ kind: 'POST', at: 1, gateway: 'g1', container: 'c2', set: [] }],
      [remove(0, 'g0')],
    ),
  ],
  [
    'a change on one cluster is newer than one on another that had been answered before it, in the same second as well',
    history(
      [0, 4, 2],
      [put(0, 'g0', 'c1', COLOUR), 1],
      [put(1, 'g0', 'c1', COLOUR), 0],
      [put(0, 'g0')],
      [put(0, 'g0', 'c1', COLOUR)],
    ),
  ],
  [
    'a PUT that sees a deletion be meant, and refused, keeps what another set meanwhile',
    history(
      [7, 2, 2, 5],
      [put(0, 'g0', 'c2'), 1],
      [{ kind: 'POST', at: 0, gateway: 'g0', container: 'c1', set: [] }, 3],
      [remove(0, 'g0', 'c2'), 0],
      [put(0, 'g0'), 1],
      [put(0, 'g0', 'c2'), 4],
      [{ kind: 'PUT object', at: 0, container: 'c2', object: 'o1' }, 0],
      [put(0, 'g1', 'c2', COLOUR), 0],
    ),
  ],
  [
    'a PUT that sees a deletion be meant, and refused, keeps what another set before',
    history(
      [5, 0, 5, 2, 10],
      [put(0, 'g1', 'c2'), 1],
      [{ kind: 'POST', at: 0, gateway: 'g0', container: 'c1', set: [] }, 3],
      [remove(0, 'g0', 'c2'), 1],
      [put(0, 'g0', 'c2'), 4],
      [{ kind: 'PUT object', at: 0, container: 'c2', object: 'o1' }, 2],
      [put(0, 'g0'), 3],
      [put(0, 'g1', 'c2', COLOUR), 0],
    ),
  ],
  [
    'a change is not lost where an older one arrives between it and the look at it',
    history(
      [4, 5, 6, 2, 3, 9],
      [put(0, 'g0')],
      [put(1, 'g0')],
      [{ kind: 'cut', at: 0, to: 1 }, 0],
      [{ kind: 'POST', at: 0, gateway: 'g0', container: 'c1', set: COLOUR }],
      [{ kind: 'wait', ms: 10_000 }, 0],
      [{ kind: 'mend' }, 0],
      [{ kind: 'pending', at: 0 }, 6],
      [{ kind: 'POST', at: 1, gateway: 'g0', container: 'c1', set: COLOUR }],
    ),
  ],
  [
    'containers that are taken over get their sync-to once, and keep it',
    history(
      [],
      [{ kind: 'lag', at: 0, ms: 30_000 }],
      [{ kind: 'cut', at: 0, to: 1 }, 0],
      [put(0, 'g0'), 0],
      [{ kind: 'POST', at: 0, gateway: 'g0', container: 'c1', set: [] }],
      [{ kind: 'mend' }, 0],
    ),
  ],
  [
    'what another cluster set stays where a container is made that had only not come here yet',
    history([], [put(0, 'g0', 'c2', COLOUR), 7], [put(1, 'g1', 'c2')]),
  ],
  [
    'settings of two requests at once are kept, whichever of them made the container',
    history(
      [0, 3, 7, 0, 0, 0, 5],
      [put(0, 'g0'), 0],
      [{ kind: 'POST', at: 0, gateway: 'g0', container: 'c1', set: [] }, 0],
      [put(0, 'g1', 'c1', COLOUR), 0],
    ),
  ],
  [
    'a setting recorded after Swift was asked is not taken for one removed past the gateways',
    {
      ...history(
        [3, 0, 2, 5, 6, 3, 1, 4, 0, 0, 0, 0],
        [put(0, 'g0', 'c2')],
        [put(0, 'g0', 'c2'), 3],
        [put(1, 'g1', 'c2', COLOUR)],
      ),
      clusters: 3,
    },
  ],
  [
    'a container made past the gateways right after its deletion lives, with its objects, on all clusters',
    history(
      [],
      [{ kind: 'direct PUT', at: 0, container: 'c2', set: [] }, 0],
      [{ kind: 'audit', at: 0 }],
      [remove(0, 'g0', 'c2')],
      [{ kind: 'direct PUT', at: 1, container: 'c2', set: [] }, 0],
      [{ kind: 'PUT object', at: 1, container: 'c2', object: 'o1' }, 0],
    ),
  ],
  [
    'a value overwritten elsewhere does not come back where a container is changed and deleted at once',
    {
      ...history(
        [],
        [put(0, 'g0', 'c1', COLOUR), 14],
        [{ kind: 'message', at: 0, to: 2, fate: 'lost' }, 5],
        [remove(1, 'g0'), 19],
        [{ kind: 'POST', at: 0, gateway: 'g0', container: 'c1', set: COLOUR }, 0],
        [{ kind: 'wait', ms: 1_000 }],
        [remove(1, 'g0'), 7],
        [{ kind: 'POST', at: 0, gateway: 'g0', container: 'c2', set: [] }, 6],
        [put(2, 'g0'), 0],
      ),
      clusters: 3,
    },
  ],
  [
    'what was set after a container was made is kept, though whoever made it is late and meets the intent to delete it',
    history(
      [4, 5, 3, 6],
      [put(0, 'g1', 'c2'), 0],
      [{ kind: 'container sync', at: 0 }, 6],
      [put(0, 'g0'), 5],
      [put(0, 'g1', 'c2'), 0],
      [remove(0, 'g1'), 0],
      [put(0, 'g1', 'c1', COLOUR), 6],
      [put(1, 'g0'), 5],
      [{ kind: 'PUT object', at: 0, container: 'c1', object: 'o1' }, 0],
      [put(0, 'g0'), 0],
    ),
  ],
  [
    'a container that no record has is taken over, though a deletion of it was meant and refused',
    history(
      [7],
      [put(0, 'g0', 'c2'), 3],
      [{ kind: 'trouble', at: 0, process: 'g0', when: 'after' }, 0],
      [remove(0, 'g0', 'c2'), 0],
      [{ kind: 'message', at: 0, to: 0, fate: 'lost' }, 2],
      [{ kind: 'PUT object', at: 0, container: 'c2', object: 'o1' }, 0],
      [{ kind: 'wait', ms: 1_000 }],
    ),
  ],
  [
    'nothing is deleted unrecorded where Swift did not say whether the client may',
    history(
      [],
      [put(1, 'g0', 'c2'), 0],
      [{ kind: 'wait', ms: 400_000 }, 0],
      [remove(0, 'g0', 'c2'), 2],
      [{ kind: 'trouble', at: 0, process: 'g0', when: 'before' }],
      [{ kind: 'wait', ms: 1_000 }, 0],
    ),
  ],
  [
    'a container made elsewhere after its deletion outlives a second DELETE that found nothing',
    history(
      [0, 2, 0, 1, 3, ...Array<number>(23).fill(0), 7],
      [put(1, 'g1', 'c2')],
      [remove(0, 'g1', 'c2'), 0],
      [remove(0, 'g0', 'c2'), 1],
      [{ kind: 'lag', at: 0, ms: 0 }, 27],
      [put(1, 'g1', 'c2')],
      [{ kind: 'POST', at: 0, gateway: 'g0', container: 'c1', set: [] }, 0],
    ),
  ],
  [
    'a tombstone that a lost listing showed does no harm',
    history([11], [put(0, 'g0')], [remove(0, 'g0'), 0], [{ kind: 'lose containers', at: 1 }]),
  ],
  [
    'an ACL that its owner set stays, though an older removal comes to Swift right after it',
    history(
      [],
      [remove(0, 'g0'), 0],
      [put(0, 'g1')],
      [put(0, 'g1', 'c2', READ), 0],
      [{ kind: 'cut', at: 0, to: 0 }, 19],
      [{ kind: 'trouble', at: 0, process: 'g1', when: 'before' }, 0],
      [put(1, 'g0', 'c2', NO_READ), 15],
      [{ kind: 'wait', ms: 10_000 }, 5],
      [put(1, 'g0', 'c2'), 23],
      [{ kind: 'POST', at: 0, gateway: 'g0', container: 'c2', set: READ }],
    ),
  ],
  [
    'what a gateway tells that cannot read the record is no newer than what is recorded elsewhere, whatever its Swift’s clock',
    {
      ...history(
        [5, 3],
        [put(1, 'g0', 'c1', READ)],
        [put(1, 'g0', 'c1', READ), 10],
        [put(0, 'g1'), 2],
        [put(1, 'g0'), 3],
        [{ kind: 'trouble', at: 0, process: 'g1', when: 'before' }, 0],
        [{ kind: 'lag', at: 0, ms: 0 }],
      ),
      swiftOffsetsMs: [5_000, 0, 0],
    },
  ],
  [
    'a record that a lost listing hides is found again, and does not keep a tombstone for ever',
    {
      ...history(
        [],
        [put(0, 'g0')],
        [{ kind: 'lose containers', at: 1 }],
        [remove(0, 'g0'), 0],
        [{ kind: 'container sync', at: 0 }, 0],
      ),
      clusters: 3,
    },
  ],
];

it.each(FOUND)('%s', async (_, each) => {
  const { wrong, trace } = await simulate(each, { isTraced: true });
  expect(wrong, trace.join('\n')).toEqual([]);
});
