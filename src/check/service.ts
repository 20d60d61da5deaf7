// The service user: whether it gets a token, and whether every Swift proxy lets it work on accounts that are not its own.
import { createTokenSource } from '../auth/token-source.js';
import { Deadlines } from '../http/deadline.js';
import { HeaderList } from '../http/headers.js';
import { HttpClient } from '../http/http-client.js';
import { OriginPool } from '../http/origin-pool.js';
import type { Config, ServiceConfig } from '../config/config.js';
import { serviceOptions } from '../site/build-site.js';
import { AutosyncError } from '../lib/errors.js';
import { encodeName } from '../swift/path.js';
import { ask, type Asked } from './ask.js';
import { About, type Finding } from './finding.js';

const RIGHTS_FIX =
  'Give it .reseller_admin (TempAuth) or the role named by reseller_admin_role, ResellerAdmin (Keystone).';

export async function checkService(config: Config, timeoutMs: number): Promise<Finding[]> {
  const { service, autosync } = config;
  if (service === undefined) {
    if (autosync === undefined) return [];
    const message =
      "there is none: a peer's changes are made with the client's own token, so all clusters have to share one identity service";
    return [new About('[service]').skipped('service-token', message)];
  }
  const about = new About(`[service] ${nameOf(service)}`);
  const got = await attempt(service, timeoutMs);
  if (got instanceof AutosyncError) {
    const fix = `${got.kind.hint} They have to be those of a user that exists at ${service.authUrl}.`;
    return [about.error('service-token', got.message, fix)];
  }
  const token = about.ok('service-token', `gets a token from ${service.authUrl}`);
  const more = await Promise.all(
    config.proxy.upstream.map((origin) => checkAt(about, origin, got, service, timeoutMs)),
  );
  return [token, ...more.flat()];
}

function nameOf(service: ServiceConfig): string {
  if (service.authVersion === 1) return service.user;
  return service.credentials.kind === 'password' ? service.credentials.username : service.credentials.id;
}

interface Got {
  readonly token: string;
  readonly account: string;
}

async function attempt(service: ServiceConfig, timeoutMs: number): Promise<Got | AutosyncError> {
  const deadlines = new Deadlines();
  const pools: OriginPool[] = [];
  const limitMs = Math.min(service.timeoutMs, timeoutMs);
  const createSender = (origin: string): HttpClient => {
    const options = { connectTimeoutMs: limitMs, silenceMs: limitMs, idleMs: 1, maxIdle: 0 };
    const pool = new OriginPool(origin, options, deadlines);
    pools.push(pool);
    return new HttpClient(pool);
  };
  try {
    const options = { ...serviceOptions(service), timeoutMs: limitMs };
    const tokens = createTokenSource(options, createSender, Date.now);
    return { token: await tokens.token(), account: await tokens.account() };
  } catch (error) {
    if (error instanceof AutosyncError) return error;
    throw error;
  } finally {
    for (const pool of pools) pool.close();
    deadlines.close();
  }
}

/** HEADs of accounts, which change nothing: its own, and one that nobody has. */
async function checkAt(
  about: About,
  origin: string,
  { token, account }: Got,
  { resellerPrefix }: ServiceConfig,
  timeoutMs: number,
): Promise<Finding[]> {
  const headers = HeaderList.from({ 'X-Auth-Token': token });
  const head = (name: string): Promise<Asked> =>
    ask({ origin, method: 'HEAD', target: `/v1/${encodeName(name)}`, headers }, timeoutMs);
  const prefix =
    resellerPrefix === '' || resellerPrefix.endsWith('_') ? resellerPrefix : `${resellerPrefix}_`;
  const [own, other] = await Promise.all([head(account), head(`${prefix}autosync_check`)]);
  // A proxy that does not answer is reported where Swift is looked at.
  if (own.kind === 'failed' || other.kind === 'failed') return [];
  if (own.answer.status === 401) {
    const message = `Swift ${origin} does not take its token`;
    const fix =
      'That proxy has to use the identity service of auth_url; with TempAuth, the memcached of the others as well.';
    return [about.error('service-token', message, fix)];
  }
  return [
    judgeOther(about, origin, other.answer.status),
    judgeOwn(about, origin, account, own.answer.status),
  ];
}

function judgeOther(about: About, origin: string, status: number): Finding {
  if (status === 204 || status === 200 || status === 404)
    return about.ok('service-rights', `may work on other accounts at ${origin}`);
  const message = `may not work on accounts that are not its own at ${origin} (status ${status})`;
  return about.error('service-rights', message, RIGHTS_FIX);
}

function judgeOwn(about: About, origin: string, account: string, status: number): Finding {
  if (status === 204 || status === 200) return about.ok('service-account', `its own account is ${account}`);
  if (status === 404) {
    const fix = `Set "account_autocreate = true" in [app:proxy-server], or create ${account}.`;
    return about.warning('service-account', `its own account ${account} does not exist at ${origin}`, fix);
  }
  const message = `cannot use its own account ${account} at ${origin} (status ${status})`;
  return about.error('service-account', message, 'Check reseller_prefix, and the project of the user.');
}
