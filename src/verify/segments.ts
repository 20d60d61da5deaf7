// The segments of a static large object: an SLO can be read only where each of them is.
import type { Member, ObjectName } from '../converge/object-member.js';
import { eachLimited } from '../lib/each-limited.js';
import { AutosyncError } from '../lib/errors.js';
import { swiftTarget } from '../swift/path.js';
import type { Said } from './compare.js';
import { look } from './look.js';

export interface Segment {
  readonly name: ObjectName;
  readonly heldAt: readonly string[];
  readonly absentAt: readonly string[];
}

const CONCURRENCY = 4;

/** Those that are not on each of the clusters, or could not be asked for. @throws AutosyncError SWIFT_REFUSED and what the member throws: the manifest cannot be read */
export async function findMissingSegments(
  source: Member,
  members: readonly Member[],
  name: ObjectName,
): Promise<Segment[]> {
  const found: Segment[] = [];
  const paths = await readManifest(source, name);
  await eachLimited([...new Set(paths)], CONCURRENCY, async (path) => {
    const [container = '', ...rest] = path.replace(/^\//, '').split('/');
    const segment = { account: name.account, container, object: rest.join('/') };
    const said = await Promise.all(
      members.map(async (member) => [member.cluster, (await look(member, segment)).said] as const),
    );
    const at = (isSo: (what: Said) => boolean): string[] =>
      said.filter(([, what]) => isSo(what)).map(([cluster]) => cluster);
    const absentAt = at((what) => typeof what === 'string');
    if (absentAt.length > 0)
      found.push({ name: segment, heldAt: at((what) => typeof what !== 'string'), absentAt });
  });
  return found;
}

async function readManifest({ cluster, ask }: Member, name: ObjectName): Promise<string[]> {
  const target = swiftTarget(name.account, name.container, name.object);
  const { status, reason, body } = await ask('GET', `${target}?multipart-manifest=get&symlink=get`);
  if (status !== 200)
    throw new AutosyncError('SWIFT_REFUSED', `${cluster}: GET of a manifest: ${status} ${reason}.`);
  const segments = JSON.parse(body.toString('utf8')) as { readonly name?: string }[];
  // Those without a name have their bytes in the manifest.
  return segments.flatMap(({ name: path }) => path ?? []);
}
