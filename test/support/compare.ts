// Whether clusters hold the same: containers with their settings and objects, asked of each Swift directly.
import { loginEverywhere, waitFor, type SwiftSession, type User } from './clusters.js';

/** In a line about an object. */
export const ONLY_ONE_HAS = 'only one has';

/** Settings of a container that have to be equal; what differs by nature (sync-to, dates, policy) is not here. */
const SETTINGS =
  /^x-container-(?:meta-.*|read|write|sync-key)$|^x-versions-|^x-history-|^x-container-meta-quota-/;

/** What a cluster holds of a container; `undefined` where it has none. */
export interface ContainerState {
  readonly settings: Readonly<Record<string, string>>;
  /** Name, ETag, size, type and date of every object. */
  readonly objects: readonly string[];
}

/** Reads a container's settings and all of its objects. */
export async function stateOf(session: SwiftSession, container: string): Promise<ContainerState | undefined> {
  const path = `/${encodeURIComponent(container)}`;
  const head = await session.request('HEAD', path);
  if (head.status === 404) return undefined;
  if (head.status >= 300) throw new Error(`HEAD ${path} at ${session.baseUrl}: ${head.status}`);
  const settings = Object.entries(head.headers).filter(([name]) => SETTINGS.test(name));
  settings.sort(([a], [b]) => (a < b ? -1 : 1));
  return { settings: Object.fromEntries(settings), objects: await listObjects(session, path) };
}

/** The differences between clusters in a container, pair by pair, one line each; none when all are equal. */
export async function differences(user: User, container: string): Promise<string[]> {
  return differencesAt(await loginEverywhere(user, 'proxy'), container);
}

/** The same, by sessions at each cluster. */
export async function differencesAt(
  sessions: Readonly<Record<string, SwiftSession>>,
  container: string,
): Promise<string[]> {
  const states = await Promise.all(
    Object.entries(sessions).map(
      async ([name, session]) => [name, await stateOf(session, container)] as const,
    ),
  );
  return states.flatMap(([left, a], index) =>
    states.slice(index + 1).flatMap(([right, b]) => comparePair(`${left}/${right}`, a, b)),
  );
}

/** Waits until all clusters hold the same container; the failure names what differs. */
export async function waitUntilSame(user: User, container: string, timeoutMs = 60_000): Promise<void> {
  let found: string[] = [];
  try {
    await waitFor(
      `${container} is the same everywhere`,
      async () => {
        found = await differences(user, container);
        return found.length === 0;
      },
      timeoutMs,
    );
  } catch (error) {
    throw new Error([String(error), ...found].join('\n  '), { cause: error });
  }
}

async function listObjects(session: SwiftSession, path: string): Promise<string[]> {
  const objects: string[] = [];
  for (let marker = ''; ;) {
    const target = `${path}?format=json&marker=${encodeURIComponent(marker)}`;
    const answer = await session.request('GET', target);
    if (answer.status !== 200) throw new Error(`GET ${target} at ${session.baseUrl}: ${answer.status}`);
    const page = JSON.parse(answer.text) as Record<string, string | number>[];
    for (const { name, hash, bytes, content_type: type, last_modified: date } of page) {
      objects.push([name, hash, bytes, type, date].join(' | '));
    }
    const last = page.at(-1)?.['name'];
    if (last === undefined) return objects;
    marker = String(last);
  }
}

function comparePair(pair: string, a: ContainerState | undefined, b: ContainerState | undefined): string[] {
  if (a === undefined || b === undefined) {
    return a === b ? [] : [`${pair}: the container is only on one`];
  }
  const names = new Set([...Object.keys(a.settings), ...Object.keys(b.settings)]);
  const settings = [...names]
    .filter((name) => a.settings[name] !== b.settings[name])
    .map((name) => `${pair}: ${name}: ${String(a.settings[name])} ≠ ${String(b.settings[name])}`);
  return [...settings, ...only(pair, a.objects, b.objects), ...only(pair, b.objects, a.objects)];
}

function only(pair: string, some: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others);
  return some.filter((object) => !known.has(object)).map((object) => `${pair}: ${ONLY_ONE_HAS} ${object}`);
}
