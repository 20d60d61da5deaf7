// Which clusters are to hold a container's objects, as its record says.
import { isSameCluster } from '../peers/clusters.js';
import { recordedPlacement, type Record } from '../records/record.js';
import type { BaseSite, ContainerName } from './site.js';

type Desired = Pick<Record, 'desired'>;

/** Its record's placement; where that says none, the configuration's. In order. */
export function placementFor(site: BaseSite, name: ContainerName, record: Desired): readonly string[] {
  return recordedPlacement(record) ?? site.options.defaultPlacement(name);
}

/** Whether a cluster is to have the container, be it without objects. */
export function belongsAt(site: BaseSite, record: Desired, cluster: string): boolean {
  return site.options.namespace === 'everywhere' || isPlacedAt(record, cluster);
}

/** A record that names no placement is for all clusters. */
export function isPlacedAt(record: Desired, cluster: string): boolean {
  const placement = recordedPlacement(record);
  return placement === undefined || placement.some((each) => isSameCluster(each, cluster));
}
