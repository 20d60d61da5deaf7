// URLs of servers and clusters in the configuration, in one spelling. Knows nothing of who they belong to.
import type { Parsed } from './option.js';

const LEADS: Readonly<Record<'http' | 'any', { readonly test: RegExp; readonly words: string }>> = {
  http: { test: /^http:\/\//i, words: 'http://HOST:PORT' },
  any: { test: /^https?:\/\//i, words: 'http://HOST:PORT or https://HOST:PORT' },
};

/**
 * The one spelling of a server's URL: scheme and host in small letters, no default port, no slash at the end.
 * A user, a query or a fragment is wrong.
 */
export function normaliseUrl(text: string, schemes: 'http' | 'any' = 'any'): Parsed<string> {
  const { test, words } = LEADS[schemes];
  const url = test.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || /\s/.test(text)) {
    // What stands before an @ may be a password.
    const shown = text.includes('@') ? '' : `: "${text}"`;
    return { wrong: `is no URL${shown}`, fix: `Write ${words}.` };
  }
  if (url.username !== '' || url.password !== '') {
    return {
      wrong: 'has a user or password in its URL',
      fix: `Write ${words}; credentials belong in [service].`,
    };
  }
  if (url.search !== '' || url.hash !== '') {
    return { wrong: `has a query or fragment in its URL: "${text}"`, fix: `Write ${words}.` };
  }
  return { value: url.origin + url.pathname.replace(/\/+$/, '') };
}

/** The host of a normalised URL, without port; IPv6 without its brackets. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

/** The port of a normalised URL. */
export function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}
