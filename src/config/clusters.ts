// [cluster:NAME] sections, and whether all clusters named anywhere can be. Knows nothing of the realms file.
import type { ClusterConfig, ClusterIdentity, PlacementRule } from './config.js';
import type { PlacementReading } from './placement.js';
import { readSection } from './section.js';
import type { Context } from './section.js';
import { CLUSTER_OPTIONS } from './sync-options.js';
import { clusterKey, parseClusterName } from './types.js';
import type { Place } from '../lib/ini.js';

const PREFIX = 'cluster:';

/** Reads every [cluster:NAME]; two that differ in case only are one too many. */
export function readClusters(context: Context): ReadonlyMap<string, ClusterConfig> {
  const clusters = new Map<string, ClusterConfig>();
  const known = new Map<string, Place>();
  for (const section of context.ini.sections.values()) {
    if (!section.name.startsWith(PREFIX)) continue;
    const { values } = readSection(context, section, CLUSTER_OPTIONS);
    const parsed = parseClusterName(section.name.slice(PREFIX.length).trim());
    if ('wrong' in parsed) {
      context.problems.report(section, `[${section.name}] ${parsed.wrong}.`, parsed.fix);
      continue;
    }
    const key = clusterKey(parsed.value);
    const other = known.get(key);
    if (other !== undefined) {
      const message = `[${section.name}] is the same cluster as on line ${other.line}: names do not mind case.`;
      context.problems.report(section, message, 'Bring the two together under one header.');
    }
    known.set(key, section);
    if (values.gateway === undefined) continue;
    const gateway = values.gateway.replace(/\/v1$/, '');
    clusters.set(key, { name: parsed.value, gateway, file: section.file, line: section.line });
  }
  return clusters;
}

/** Reports clusters that are named in a way, or are not among those, that the identity has. */
export function checkClusterNames(
  { problems }: Context,
  identity: ClusterIdentity,
  placement: PlacementReading,
  clusters: ReadonlyMap<string, ClusterConfig>,
): void {
  const { values, rules, placeOf } = placement;
  const named: (Place & { readonly what: string; readonly clusters: readonly string[] })[] = [
    { ...place(placeOf('default')), what: '"default"', clusters: values.default ?? [] },
    ...rules.map((rule: PlacementRule) => ({
      ...place(rule),
      what: `"rule_${rule.name}"`,
      clusters: rule.clusters,
    })),
    ...[...clusters.values()].map((cluster) => ({
      ...place(cluster),
      what: `[${PREFIX}${cluster.name}]`,
      clusters: [cluster.name],
    })),
  ];
  for (const { what, clusters: names, ...at } of named) {
    for (const name of names) {
      if (identity.kind === 'realm' && name.includes('://')) {
        const fix = 'Write the NAME of cluster_NAME from container-sync-realms.conf.';
        problems.report(
          at,
          `${what} names a cluster by URL: ${name}, but they have names in the realm.`,
          fix,
        );
      }
      if (identity.kind === 'url' && !identity.clusters.includes(name)) {
        const fix = `Write one of ${identity.clusters.join(', ')}.`;
        problems.report(at, `${what} names ${name}, which is not in autosync_placement.`, fix);
      }
    }
  }
}

function place({ file, line }: Place): Place {
  return { file, line };
}
