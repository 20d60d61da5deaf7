// Tokens by auth v1, as Swift's TempAuth gives them. Knows nothing of keeping them.
import { HeaderList } from '../http/headers.js';
import {
  accountOfStorageUrl,
  askIdentity,
  needed,
  splitAuthUrl,
  tokenHeader,
  unusable,
} from './identity-request.js';
import type { CreateSender, ServiceOptions, TokenIssuer } from './token-source.js';

/** For services that do not say how long a token lives. */
const ASSUMED_LIFE_SECONDS = 3600;

/**
 * Asks `GET auth_url` with user and key. TempAuth hands out one token until it ends, with what is left of its life.
 *
 * @throws AutosyncError `CONFIG_INVALID` at once when an option is missing; the issuer: `SERVICE_AUTH_FAILED`
 */
export function tempauthIssuer(
  service: ServiceOptions,
  createSender: CreateSender,
  now: () => number,
): TokenIssuer {
  const { origin, path } = splitAuthUrl(service.authUrl);
  const user = asHeaderValue(needed(service.user, 'user'));
  const key = asHeaderValue(needed(service.key, 'key'));
  const sender = createSender(origin);
  return async () => {
    const startMs = now();
    const headers = HeaderList.from({ 'X-Auth-User': user, 'X-Auth-Key': key });
    const request = { method: 'GET', target: path, headers, timeoutMs: service.timeoutMs };
    const answer = await askIdentity(sender, origin, request);
    const account = accountOfStorageUrl(answer.headers.get('X-Storage-Url') ?? '');
    if (account === undefined) throw unusable(origin, 'a usable X-Storage-Url');
    const lifeSeconds = readSeconds(answer.headers.get('X-Auth-Token-Expires'));
    return { token: tokenHeader(answer, 'X-Auth-Token'), expiresMs: startMs + lifeSeconds * 1000, account };
  };
}

function readSeconds(text: string | undefined): number {
  return text !== undefined && /^[0-9]{1,10}$/.test(text) ? Number(text) : ASSUMED_LIFE_SECONDS;
}

/** Header values are latin1 text; Swift reads their bytes as UTF-8. */
function asHeaderValue(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
