// One question to an identity service, and its failures in words without secrets. Knows nothing of what is asked.
import type { ClientAnswer, ClientRequest, RequestSender } from '../http/request-sender.js';
import { AutosyncError } from '../lib/errors.js';

/** What an identity service answered with any 2xx, and where it stands. */
export interface IdentityAnswer extends ClientAnswer {
  readonly origin: string;
}

/**
 * @param origin for errors only
 * @throws AutosyncError `SERVICE_AUTH_FAILED` for no answer or any but a 2xx. The error tells address and status, never what was sent.
 */
export async function askIdentity(
  sender: RequestSender,
  origin: string,
  request: ClientRequest,
): Promise<IdentityAnswer> {
  let answer: ClientAnswer;
  try {
    answer = await sender.request(request);
  } catch (error) {
    const why = error instanceof AutosyncError ? error.message : 'the request failed.';
    throw new AutosyncError('SERVICE_AUTH_FAILED', `${origin}: ${why}`, { cause: error });
  }
  if (answer.status < 200 || answer.status > 299) {
    throw new AutosyncError('SERVICE_AUTH_FAILED', `${origin} answered ${answer.status}.`);
  }
  return { ...answer, origin };
}

/** An answer that cannot be used. */
export function unusable(origin: string, what: string): AutosyncError {
  return new AutosyncError('SERVICE_AUTH_FAILED', `${origin} answered without ${what}.`);
}

/** @throws AutosyncError `CONFIG_INVALID` when there is no such option. */
export function needed(value: string | undefined, option: string): string {
  if (value === undefined || value === '')
    throw new AutosyncError('CONFIG_INVALID', `[service] ${option} is missing.`);
  return value;
}

/** Takes a configured URL apart. @throws AutosyncError `CONFIG_INVALID`; what stands there is not repeated, it may hold a password. */
export function splitAuthUrl(authUrl: string): { origin: string; path: string } {
  const match = /^(https?:\/\/[^/?#@\s]+)(\/[^?#\s]*)?$/i.exec(authUrl);
  if (match === null)
    throw new AutosyncError('CONFIG_INVALID', '[service] auth_url is not an http or https URL.');
  return { origin: match[1] as string, path: match[2] ?? '/' };
}

/** The header's value, if it can be sent on as a header: a token with anything else in it is none. */
export function tokenHeader(answer: IdentityAnswer, name: string): string {
  const value = answer.headers.get(name);
  if (value === undefined || !/^[!-~]+$/.test(value)) throw unusable(answer.origin, `a usable ${name}`);
  return value;
}

/** The account at the end of a storage URL (`http://host/v1/AUTH_x`), decoded; undefined where there is none. */
export function accountOfStorageUrl(url: string): string | undefined {
  const quoted = /^https?:\/\/[^?#]*?\/v1(?:\.0)?\/([^/?#]+)\/?$/i.exec(url)?.[1];
  if (quoted === undefined) return undefined;
  try {
    return decodeURIComponent(quoted);
  } catch {
    return undefined;
  }
}
