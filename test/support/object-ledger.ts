// What clients did to objects, when, and what they were told; and whether what is there in the end can have come of it. Knows of PUT and DELETE
// only, by one clock.

export interface Deed {
  readonly name: string;
  /** What the object then is; undefined: deleted. */
  readonly body: string | undefined;
  readonly beganMs: number;
  /** Infinity where no answer came: it may have been done at any time since. */
  readonly endedMs: number;
  /** The client was told that it is done. */
  readonly isTold: boolean;
}

/**
 * The names whose end nobody's deed explains: a deed counts no more once another one began after its end and was told as done. With nothing
 * told, the name may also never have been there.
 */
export function unexplained(
  deeds: readonly Deed[],
  found: ReadonlyMap<string, string | undefined>,
): string[] {
  return [...new Set(deeds.map(({ name }) => name))].filter((name) => {
    const own = deeds.filter((deed) => deed.name === name);
    const told = own.filter(({ isTold }) => isTold);
    const possible = own.filter((deed) => !told.some(({ beganMs }) => beganMs > deed.endedMs));
    const bodies = new Set(possible.map(({ body }) => body));
    if (told.length === 0) bodies.add(undefined);
    return !bodies.has(found.get(name));
  });
}
