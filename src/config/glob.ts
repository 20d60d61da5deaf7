// Patterns for account and container names. Knows nothing of who uses them.

/**
 * Whether the whole of a name fits a pattern, where `*` is any text and `?` any one character; nothing else is special.
 * Works in time proportional to the product of their lengths, whatever the pattern.
 */
export function globMatches(pattern: string, name: string): boolean {
  const wanted = Array.from(pattern);
  const given = Array.from(name);
  let at = 0;
  let star = -1;
  let retryFrom = 0;
  for (let i = 0; i < given.length;) {
    if (wanted[at] === '*') {
      star = at++;
      retryFrom = i;
    } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === given[i])) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++retryFrom;
    } else {
      return false;
    }
  }
  while (wanted[at] === '*') at++;
  return at === wanted.length;
}

/** Whether a name fits at least one of the patterns, and none of those that begin with `!`. */
export function isAmong(patterns: readonly string[], name: string): boolean {
  const fits = (pattern: string): boolean => globMatches(pattern, name);
  const isExcept = (pattern: string): boolean => pattern.startsWith('!');
  const isOut = patterns.some((pattern) => isExcept(pattern) && fits(pattern.slice(1)));
  return !isOut && patterns.some((pattern) => !isExcept(pattern) && fits(pattern));
}
