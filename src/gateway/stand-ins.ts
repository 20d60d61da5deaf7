// Who may answer while the local Swift is down, and what a client hears where nobody can. Knows nothing of what is asked.
import { AutosyncError, type ErrorCode } from '../lib/errors.js';
import type { Peer } from '../peers/peer.js';
import { audienceFor, type ContainerName } from '../site/site.js';
import type { Places } from './reads/where.js';
import type { Site } from './site.js';
import type { Exchange } from './station.js';

/** Of a cluster that does not answer, or in the middle of going down; the last where a request of our own found it so. */
const DOWN: ReadonlySet<ErrorCode> = new Set([
  ...(['UPSTREAM_DOWN', 'UPSTREAM_BROKEN', 'UPSTREAM_TIMEOUT', 'CONNECTION_FAILED'] as const),
]);

export function isSwiftDown(error: unknown): error is AutosyncError {
  return error instanceof AutosyncError && DOWN.has(error.code);
}

/**
 * The clusters that may answer in this one's place, the best first; none that is fenced. Records cannot be read now: the configuration has
 * to do.
 *
 * @param name undefined: an account, which is on all clusters
 */
export async function standIns(
  site: Site,
  places: Places,
  { placement, path }: Exchange,
  name: ContainerName | undefined,
): Promise<readonly Peer[]> {
  // An engine says it of the path, and a COPY changes another name.
  const said = path.kind !== 'account' && path.kind !== 'other' && path.container === name?.container;
  const configured = (): readonly string[] =>
    name === undefined ? site.clusters.all() : site.options.defaultPlacement(name);
  const { peers } = audienceFor(site, (said ? placement : undefined) ?? configured());
  return (await places.inOrder({ isHere: true, peers })).peers;
}

/** What the others said, where none of that is an answer. */
export interface Nobody {
  /** They say that they have it not, which proves nothing: this cluster may have it. */
  readonly without: readonly string[];
  /** They did not answer, or refused a token that they need not know. */
  readonly unknown: readonly string[];
  /** The client sent a token. */
  readonly isSomebody: boolean;
  readonly what: 'read' | 'written';
}

export function whyNot({ without, unknown, isSomebody, what }: Nobody): string {
  const words = ['The local Swift is down.'];
  if (without.length > 0) words.push(`Not on ${without.join(', ')}.`);
  if (unknown.length > 0) words.push(`No answer from ${unknown.join(', ')}.`);
  if (unknown.length > 0 && isSomebody)
    words.push(
      `Tokens of this cluster are good there only where all clusters share one identity service; public containers and TempURLs are ${what} in any case.`,
    );
  return words.join(' ');
}
