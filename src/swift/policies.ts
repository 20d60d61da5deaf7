// Which of this cluster's storage policies stands for one of another cluster's (`policy_map`). Pure.

/** Names elsewhere, in small letters as Swift compares them without case, to names here; see ANY_OTHER and THE_DEFAULT. */
export type PolicyMap = ReadonlyMap<string, string>;

/** In place of a name elsewhere: every policy that this cluster does not have and that is not named. */
export const ANY_OTHER = '*';
/** In place of a name here: whatever this cluster makes containers with when no policy is asked for. */
export const THE_DEFAULT = 'default';

/** What to make a container with, in the order to be tried; undefined: naming none. */
export function policiesHere(map: PolicyMap, elsewhere: string): readonly (string | undefined)[] {
  const mapped = map.get(elsewhere.toLowerCase());
  if (mapped !== undefined) return [nameOf(mapped)];
  const other = map.get(ANY_OTHER);
  return other === undefined ? [elsewhere] : [elsewhere, nameOf(other)];
}

/** Whether a container with the policy `here` may stand for one with the policy `elsewhere`. */
export function isSamePolicy(map: PolicyMap, elsewhere: string, here: string): boolean {
  return policiesHere(map, elsewhere).some(
    (name) => name === undefined || name.toLowerCase() === here.toLowerCase(),
  );
}

function nameOf(mapped: string): string | undefined {
  return mapped.toLowerCase() === THE_DEFAULT ? undefined : mapped;
}
