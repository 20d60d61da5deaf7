// Who writes records, over days: names that go out of use, and what was written under them.
import { beforeEach, expect, it } from 'vitest';
import { foldGone } from '../../src/records/fold.js';
import { Keeper, type RecordWriter } from '../../src/records/keeper.js';
import { register } from '../../src/records/register.js';
import type { Record } from '../../src/records/record.js';
import { Store, STORE_CONTAINER } from '../../src/records/store.js';
import { SwiftClient } from '../../src/swift/swift-client.js';
import { SILENT } from '../support/bare-gateway.js';
import { ModelSwift, type ModelRequest } from './model-swift.js';

const HOUR_MS = 3_600_000;
const OWN = 'AUTH_autosync';
const NAME = { account: 'AUTH_test', container: 'c' };

let nowMs: number;
let swift: ModelSwift;
beforeEach(() => {
  nowMs = Date.UTC(2026, 0, 1);
  swift = new ModelSwift(0, () => nowMs);
});

function startProcess(
  writer: string,
  options: { readonly above?: RecordWriter; readonly before?: (request: ModelRequest) => Promise<void> } = {},
): Keeper {
  const client = new SwiftClient(
    {
      async request(request) {
        nowMs += 1;
        await options.before?.(request);
        return swift.handle(request);
      },
    },
    undefined,
    Infinity,
  );
  return new Keeper({
    store: new Store(client, () => Promise.resolve(OWN)),
    cluster: 'one',
    ...{ maxAheadMs: 60_000, log: SILENT, writer },
    ...{ now: () => nowMs, monotonic: () => nowMs },
    above: options.above,
    sleep: (ms) => pass(ms).then(() => undefined),
  });
}

function pass(ms: number): Promise<boolean> {
  nowMs += ms;
  return Promise.resolve(true);
}

/** Says in the record that this was here. */
async function sign(keeper: Keeper, sign: string): Promise<void> {
  const clock = await keeper.clock();
  await keeper.change(NAME, ({ desired }) => ({
    desired: new Map([...desired, [`x-container-meta-${sign}`, register('1', clock.next())]]),
  }));
}

function signsIn({ desired }: Record): string[] {
  return [...desired.keys()].map((each) => each.slice('x-container-meta-'.length)).sort();
}

function objects(prefix: string): string[] {
  const kept = swift.find(OWN, STORE_CONTAINER)?.objects ?? new Map<string, { body?: Buffer | undefined }>();
  return [...kept].flatMap(([name, { body }]) =>
    name.startsWith(prefix) && body !== undefined ? [name] : [],
  );
}

it('processes of a host are one writer, and none of their changes is lost', async () => {
  const above = startProcess('host');
  const workers = [1, 2, 3].map((i) => startProcess(`host.worker.${i}`, { above }));
  await Promise.all(workers.flatMap((worker, i) => [sign(worker, `a${i}`), sign(worker, `b${i}`)]));
  expect(signsIn(await startProcess('other').read(NAME))).toEqual(['a0', 'a1', 'a2', 'b0', 'b1', 'b2']);
  expect(objects('c/')).toEqual(['c/host/AUTH_test/c']);
  expect(objects('w/')).toEqual(['w/host']);
});

it('what a host wrote that is gone is taken over after a day, and each read on the way finds all of it', async () => {
  await sign(startProcess('gone'), 'theirs');
  await sign(startProcess('here'), 'ours');
  await pass(23 * HOUR_MS);
  const early = startProcess('here');
  await sign(early, 'again');
  expect(await foldGone(early, pass)).toBe(0);

  await pass(3 * HOUR_MS);
  const reader = startProcess('reader');
  const read: string[][] = [];
  const folder = startProcess('here', {
    before: async () => {
      read.push(signsIn(await reader.read(NAME)));
    },
  });
  await sign(folder, 'late');
  expect(await foldGone(folder, pass)).toBe(1);
  const before = ['again', 'ours', 'theirs'];
  expect(read.filter((signs) => !before.every((each) => signs.includes(each)))).toEqual([]);
  expect(objects('c/')).not.toContain('c/gone/AUTH_test/c');

  expect(await foldGone(folder, pass)).toBe(0);
  expect(objects('w/').filter((name) => name.startsWith('w/gone'))).toEqual([]);
  expect(signsIn(await startProcess('third').read(NAME))).toEqual(['again', 'late', 'ours', 'theirs']);
});

it('taking over that is broken off removes nothing', async () => {
  await sign(startProcess('gone'), 'theirs');
  await pass(30 * HOUR_MS);
  const folder = startProcess('here');
  expect(await foldGone(folder, () => Promise.resolve(false))).toBe(0);
  expect(objects('c/')).toEqual(['c/gone/AUTH_test/c', 'c/here/AUTH_test/c']);
});

it('a host that comes back after hours writes under another name, beside whoever takes over what it had', async () => {
  const before = startProcess('host');
  await sign(before, 'before');
  for (const [hours, name] of [
    [2, 'host'],
    [7, 'host.'],
  ] as const) {
    await pass(hours * HOUR_MS);
    const written = new Set(objects('c/'));
    const after = startProcess('host');
    await sign(after, `after${hours}`);
    await sign(before, `still${hours}`);
    const fresh = objects('c/').filter((each) => !written.has(each));
    expect(fresh.map((each) => each.split('/')[1]!.slice(0, 5))).toEqual(hours === 2 ? [] : [name]);
  }
  expect(signsIn(await startProcess('other').read(NAME))).toEqual(
    ['after2', 'after7', 'before', 'still2', 'still7'].sort(),
  );
});
