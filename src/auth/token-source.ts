// Where tokens of the service user come from, by its settings. Knows nothing of what they are used for.
import type { RequestSender } from '../http/request-sender.js';
import { keystoneIssuer } from './keystone.js';
import { tempauthIssuer } from './tempauth.js';
import { TokenCache } from './token-cache.js';

/** Tokens of the service user, renewed as needed. */
export interface TokenSource {
  /** A token that is good now. @throws AutosyncError `SERVICE_AUTH_FAILED`; a retry may help. */
  token(): Promise<string>;
  /** Tells that Swift refused this token, so that the next call gets another one. */
  invalidate(token: string): void;
  /** The service user's own Swift account, decoded, e.g. `AUTH_x`. @throws AutosyncError `SERVICE_AUTH_FAILED`. */
  account(): Promise<string>;
}

/** One answer of an identity service. */
export interface IssuedToken {
  readonly token: string;
  /** By this host's clock. */
  readonly expiresMs: number;
  readonly account: string;
}

/** Asks for a new token. @throws AutosyncError `SERVICE_AUTH_FAILED`. */
export type TokenIssuer = () => Promise<IssuedToken>;

/** The section [service]. Which options are needed depends on the version; the configuration has seen to it that they are there. */
export interface ServiceOptions {
  readonly authVersion: 1 | 3;
  /** TempAuth: the whole URL (`http://host:8080/auth/v1.0`). Keystone: the URL of its API (`http://host:5000/v3`). */
  readonly authUrl: string;
  /** Auth v1: `account:user` and key. */
  readonly user?: string;
  readonly key?: string;
  /** Keystone with a password; domains are given by name, `Default` if not given. */
  readonly username?: string;
  readonly userDomainName?: string;
  readonly password?: string;
  readonly projectName?: string;
  readonly projectDomainName?: string;
  /** Keystone with an application credential, which goes before a password. */
  readonly applicationCredentialId?: string;
  readonly applicationCredentialSecret?: string;
  readonly regionName?: string;
  /** For one request to the identity service. */
  readonly timeoutMs: number;
  /** `AUTH` or `AUTH_`; for the account's name where Keystone's catalogue does not tell it. */
  readonly resellerPrefix: string;
}

export type CreateSender = (origin: string) => RequestSender;

/**
 * The service user's tokens; nothing is asked until the first call.
 *
 * @param now a clock in milliseconds
 * @throws AutosyncError `CONFIG_INVALID` when an option that the version needs is missing
 */
export function createTokenSource(
  service: ServiceOptions,
  createSender: CreateSender,
  now: () => number,
): TokenSource {
  const createIssuer = service.authVersion === 1 ? tempauthIssuer : keystoneIssuer;
  return new TokenCache(createIssuer(service, createSender, now), now);
}
