// Tokens by Keystone's API v3. Knows nothing of keeping them.
import { HeaderList } from '../http/headers.js';
import {
  accountOfStorageUrl,
  askIdentity,
  type IdentityAnswer,
  needed,
  splitAuthUrl,
  tokenHeader,
  unusable,
} from './identity-request.js';
import { itemsOf, member, textOf } from './json.js';
import type { CreateSender, IssuedToken, ServiceOptions, TokenIssuer } from './token-source.js';

/**
 * Asks `POST {auth_url}/auth/tokens`, with the application credential where there is one, else with user, password and project.
 *
 * @throws AutosyncError `CONFIG_INVALID` at once when an option is missing; the issuer: `SERVICE_AUTH_FAILED`
 */
export function keystoneIssuer(
  service: ServiceOptions,
  createSender: CreateSender,
  now: () => number,
): TokenIssuer {
  const { origin, path } = splitAuthUrl(service.authUrl);
  const body = JSON.stringify({ auth: credentials(service) });
  const sender = createSender(origin);
  const headers = HeaderList.from({ 'Content-Type': 'application/json', 'Accept': 'application/json' });
  return async () => {
    const startMs = now();
    const target = `${apiPath(path)}/auth/tokens`;
    const answer = await askIdentity(sender, origin, {
      method: 'POST',
      target,
      headers,
      body,
      timeoutMs: service.timeoutMs,
    });
    return readAnswer(answer, service, startMs);
  };
}

function credentials(service: ServiceOptions): unknown {
  if (service.applicationCredentialId !== undefined) {
    const secret = needed(service.applicationCredentialSecret, 'application_credential_secret');
    const credential = { id: service.applicationCredentialId, secret };
    return { identity: { methods: ['application_credential'], application_credential: credential } };
  }
  const user = {
    name: needed(service.username, 'username'),
    domain: { name: service.userDomainName ?? 'Default' },
    password: needed(service.password, 'password'),
  };
  const project = {
    name: needed(service.projectName, 'project_name'),
    domain: { name: service.projectDomainName ?? 'Default' },
  };
  return { identity: { methods: ['password'], password: { user } }, scope: { project } };
}

/** Operators write auth_url with and without `/v3` and a slash behind. */
function apiPath(path: string): string {
  const trimmed = path.endsWith('/') ? path.slice(0, -1) : path;
  return trimmed.endsWith('/v3') ? trimmed : `${trimmed}/v3`;
}

function readAnswer(answer: IdentityAnswer, service: ServiceOptions, startMs: number): IssuedToken {
  const token = member(parseJson(answer), 'token');
  const expiresMs = Date.parse(textOf(member(token, 'expires_at')) ?? '');
  if (Number.isNaN(expiresMs)) throw unusable(answer.origin, 'expires_at');
  // Where Keystone tells both ends, the length of the life counts, so that a clock set differently here does no harm.
  const issuedMs = Date.parse(textOf(member(token, 'issued_at')) ?? '');
  return {
    token: tokenHeader(answer, 'X-Subject-Token'),
    expiresMs: Number.isNaN(issuedMs) ? expiresMs : startMs + (expiresMs - issuedMs),
    account:
      catalogueAccount(token, service.regionName) ?? projectAccount(answer, token, service.resellerPrefix),
  };
}

function parseJson(answer: IdentityAnswer): unknown {
  try {
    return JSON.parse(answer.body.toString('utf8'));
  } catch {
    throw unusable(answer.origin, 'JSON'); // without a cause: the parser's message quotes the body
  }
}

/** The account at the end of the object store's public endpoint, in the region if one is given. */
function catalogueAccount(token: unknown, regionName: string | undefined): string | undefined {
  const services = itemsOf(member(token, 'catalog')).filter(
    (entry) => member(entry, 'type') === 'object-store',
  );
  return services
    .flatMap((entry) => itemsOf(member(entry, 'endpoints')))
    .filter((endpoint) => member(endpoint, 'interface') === 'public')
    .filter(
      (endpoint) =>
        regionName === undefined ||
        [member(endpoint, 'region'), member(endpoint, 'region_id')].includes(regionName),
    )
    .map((endpoint) => accountOfStorageUrl(textOf(member(endpoint, 'url')) ?? ''))
    .find((account) => account !== undefined);
}

/** What keystoneauth calls a project's account: reseller prefix, with an underscore behind where there is one at all, and project id. */
function projectAccount(answer: IdentityAnswer, token: unknown, resellerPrefix: string): string {
  const projectId = textOf(member(member(token, 'project'), 'id'));
  if (projectId === undefined)
    throw unusable(answer.origin, 'a project: the credential must be scoped to one');
  const prefix =
    resellerPrefix === '' || resellerPrefix.endsWith('_') ? resellerPrefix : `${resellerPrefix}_`;
  return prefix + projectId;
}
