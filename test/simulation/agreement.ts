// What has to hold when all is quiet: all clusters hold the same, and what the ledger allows; each syncs to the next; and nothing grows.
import { STORE_CONTAINER } from '../../src/records/store.js';
import { ACCOUNT, OWN_ACCOUNT, PROCESSES, type Cluster } from './cluster.js';
import { SETTINGS } from './history.js';
import type { Held, Ledger } from './ledger.js';
import { SYNC_KEY, SYNC_TO, type ModelContainer } from './model-swift.js';

export const CONTAINERS = ['c1', 'c2'];
/** There before anything is lost. */
export const BASE = ['b1', 'b2', 'b3'];

/** What is wrong, in words. */
export function disagreements(clusters: readonly Cluster[], ledger: Ledger): string[] {
  return [...BASE, ...CONTAINERS].flatMap((name) => {
    const all = clusters.map((cluster) => cluster.swift.find(ACCOUNT, name));
    const looks = all.map(lookOf);
    if (new Set(looks).size > 1) {
      const lines = clusters.map((cluster, i) => `${cluster.name}: ${looks[i] ?? ''}`);
      return [`${name} is not the same everywhere: ${lines.join(' | ')}`];
    }
    return [
      ...ledger.check(name, heldOf(all[0])),
      ...clusters.flatMap((cluster, i) => syncFaults(cluster, name, all[i])),
    ];
  });
}

function syncFaults(cluster: Cluster, name: string, container: ModelContainer | undefined): string[] {
  if (container === undefined) return [];
  const { site } = cluster.process('d');
  const wanted = site.clusters.syncTo(site.options.defaultPlacement(), ACCOUNT, name);
  return [
    ...(container.settings.get(SYNC_TO) === wanted ? [] : [`${cluster.name} ${name}: sync-to`]),
    ...(container.settings.has(SYNC_KEY) ? [] : [`${cluster.name} ${name}: no key`]),
  ];
}

/** Of more than one object for each writer, and one for each writer and record, or of anything pending. */
export function growth(clusters: readonly Cluster[]): string[] {
  const bound = PROCESSES.length * (2 + BASE.length + CONTAINERS.length);
  return clusters.flatMap(({ swift, name }) => {
    const objects = swift.find(OWN_ACCOUNT, STORE_CONTAINER)?.objects ?? new Map<string, never>();
    const names = [...objects].filter(([, { body }]) => body !== undefined).map(([object]) => object);
    const pending = names.filter((object) => object.startsWith('p/'));
    return [
      ...(names.length > bound ? [`${name} keeps ${names.length} objects: ${names.join(' ')}`] : []),
      ...(pending.length > 0 ? [`${name} still has pending: ${pending.join(' ')}`] : []),
    ];
  });
}

function heldOf(container: ModelContainer | undefined): Held {
  if (container === undefined) return undefined;
  const settings = new Map(
    SETTINGS.flatMap((name) => {
      const value = container.settings.get(name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  const objects = new Map<string, string>();
  for (const [name, { body }] of container.objects)
    if (body !== undefined) objects.set(name, body.toString());
  return { settings, objects };
}

function lookOf(container: ModelContainer | undefined): string {
  const held = heldOf(container);
  if (held === undefined) return 'not there';
  const sorted = (map: ReadonlyMap<string, string>): string =>
    [...map]
      .map(([name, value]) => `${name}=${value}`)
      .sort()
      .join(' ');
  return `{${sorted(held.settings)}} [${sorted(held.objects)}]`;
}
