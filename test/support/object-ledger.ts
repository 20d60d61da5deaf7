// What clients did to objects, when, and what they were told; and whether what is there in the end can have come of it. Knows requests and
// answers only, by one clock: nothing of how clusters come to agree.
//
// The rule is Swift's own, for each object: every change has one date, given by the proxy that took it, so between its request and its
// answer; the newest date wins. A PUT, COPY or DELETE dates all of an object. So does a POST: the metadata is then the POST's, and
// the bytes are those that the POST's cluster had, or got afterwards with an older date. Which may be older bytes than another cluster
// took meanwhile, but never older than the newest that the POST's own cluster had been given before.

export interface Deed {
  readonly name: string;
  /** Whose Swift did it; '' where that is not known. */
  readonly cluster: string;
  /** `write`: PUT or COPY. `describe`: POST, which leaves the bytes. */
  readonly does: 'write' | 'delete' | 'describe';
  /** Of a write: the bytes, or all that they may be. */
  readonly bodies: readonly string[];
  /** In the metadata it sets, and in no other's. */
  readonly mark: string;
  /** Of a write: what it leaves has expired when the end is looked at, and nothing older shows again. A POST meanwhile makes it stay. */
  readonly isFleeting?: boolean;
  readonly beganMs: number;
  /** Infinity where no answer came: it may have been done at any time since. */
  readonly endedMs: number;
  /** The client was told that it is done. */
  readonly isTold: boolean;
}

/** An object as it is in the end; undefined: not there. */
export type HeldObject = { readonly body: string; readonly mark: string } | undefined;

/** One line for each name whose end no deed explains. */
export function unexplained(deeds: readonly Deed[], found: ReadonlyMap<string, HeldObject>): string[] {
  return [...new Set(deeds.map(({ name }) => name))].flatMap((name) => {
    const own = [neverWritten(name), ...deeds.filter((deed) => deed.name === name)];
    const last = own.filter((deed) => !own.some((other) => other.isTold && isSurelyOlder(deed, other)));
    const held = found.get(name);
    if (last.some((deed) => isLeftBy(deed, held, own))) return [];
    return [`${name}: ${textOf(held)}, after one of ${last.map(textOfDeed).join(', ')}`];
  });
}

/** Before everything else there was nothing. */
function neverWritten(name: string): Deed {
  const [beganMs, endedMs] = [-Infinity, -Infinity];
  return { name, cluster: '', does: 'delete', bodies: [], mark: '', beganMs, endedMs, isTold: true };
}

function isSurelyOlder(deed: Deed, than: Deed): boolean {
  return than.beganMs > deed.endedMs;
}

/** Whether the object can be so where nothing was dated later than that deed. */
function isLeftBy(deed: Deed, held: HeldObject, all: readonly Deed[]): boolean {
  if (deed.does === 'delete' || deed.isFleeting === true) return held === undefined;
  if (held?.mark !== deed.mark) return false;
  const bodies = deed.does === 'write' ? deed.bodies : bodiesUnder(deed, all);
  return bodies.includes(held.body);
}

/** The bytes that a POST may have found, or that may have come under it. */
function bodiesUnder(post: Deed, all: readonly Deed[]): string[] {
  const bodies: string[] = [];
  const met = new Set([post]);
  // A POST that came from another cluster brought the bytes that it had found there. Those met are walked as they are added.
  for (const under of met) {
    if (under.does === 'write') bodies.push(...under.bodies);
    if (under.does !== 'describe') continue;
    // Its own cluster had been given something newer.
    const newer = all.filter(
      (other) =>
        other.isTold &&
        other.cluster === under.cluster &&
        other.does !== 'describe' &&
        isSurelyOlder(other, under),
    );
    const isReplaced = (deed: Deed): boolean => newer.some((other) => isSurelyOlder(deed, other));
    for (const deed of all) if (!isSurelyOlder(under, deed) && !isReplaced(deed)) met.add(deed);
  }
  return bodies;
}

function textOf(held: HeldObject): string {
  return held === undefined ? 'not there' : `'${held.body}' with the metadata of '${held.mark}'`;
}

function textOfDeed({ does, cluster, mark, isFleeting = false, beganMs, endedMs, isTold }: Deed): string {
  const told = isTold ? 'told as done' : 'not told';
  return `${does}${isFleeting ? ' for a moment' : ''} '${mark}' at ${cluster} from ${beganMs} to ${endedMs}, ${told}`;
}
