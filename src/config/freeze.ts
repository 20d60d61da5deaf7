// Freezes plain data all through. Knows nothing of what it is.

/** Freezes an object, an array or a map's values, and all that is in it; returns the same one. Maps stay what their type says. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  const inner: readonly unknown[] = value instanceof Map ? [...value.values()] : Object.values(value);
  for (const one of inner) freeze(one);
  return value;
}
