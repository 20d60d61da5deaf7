// What local clusters need in Keystone: projects, users, roles, endpoints. Knows Keystone's v3 API only.
import { LocalError } from './local-error.js';
import type { LocalUser } from './users.js';

/** The role that makes a user an account's owner in Swift, as `.admin` does in TempAuth. */
export const OPERATOR_ROLE = 'swiftoperator';
export const RESELLER_ROLE = 'ResellerAdmin';

const ROLE_OF_GROUP: Readonly<Record<string, string>> = {
  '.admin': OPERATOR_ROLE,
  '.reseller_admin': RESELLER_ROLE,
  'service': 'service',
};
const TIMEOUT_MS = 30_000;

/** A thing Keystone keeps, as much of it as matters here. */
interface Entity {
  readonly id: string;
  readonly name?: string;
  readonly type?: string;
}

type Kind = 'project' | 'user' | 'role' | 'service' | 'endpoint' | 'region';

/** An administrator's session. Everything it does may be done again without harm. */
export class KeystoneAdmin {
  private readonly url: string;
  private readonly token: string;

  private constructor(url: string, token: string) {
    this.url = url;
    this.token = token;
  }

  /** @param url Keystone's, ending in `/v3` */
  static async login(url: string, password: string): Promise<KeystoneAdmin> {
    const domain = { name: 'Default' };
    const auth = {
      identity: { methods: ['password'], password: { user: { name: 'admin', domain, password } } },
      scope: { project: { name: 'admin', domain } },
    };
    const answer = await fetch(`${url}/auth/tokens`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ auth }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.arrayBuffer();
    const token = answer.headers.get('X-Subject-Token');
    if (token === null)
      throw new LocalError(`Keystone does not let its administrator in (${answer.status}).`);
    return new KeystoneAdmin(url, token);
  }

  /** Makes the user unless it is there (`admin` is, with Keystone’s own password), with a project named like the TempAuth account; returns the project's id: `AUTH_<id>` in Swift. */
  async addUser({ account, user, key, groups }: LocalUser): Promise<string> {
    const project = await this.ensure('project', account, {});
    const person = await this.ensure('user', user, { password: key, default_project_id: project });
    const roles = groups.map((group) => ROLE_OF_GROUP[group] ?? group);
    for (const role of roles.length > 0 ? roles : ['member']) await this.grant(project, person, role);
    return project;
  }

  /** Gives a user a role in a project, all by id but the role. */
  async grant(project: string, user: string, role: string): Promise<void> {
    const roleId = await this.ensure('role', role, {});
    await this.call('PUT', `projects/${project}/users/${user}/roles/${roleId}`);
  }

  /** One object-store endpoint per region; those of earlier starts go. */
  async setEndpoints(urls: Readonly<Record<string, string>>): Promise<void> {
    const service = await this.ensure('service', 'swift', { type: 'object-store' });
    for (const { id } of await this.list('endpoint', `service_id=${service}`)) {
      await this.call('DELETE', `endpoints/${id}`);
    }
    for (const [region, url] of Object.entries(urls)) {
      const regions = await this.list('region', '');
      if (!regions.some(({ id }) => id === region)) await this.create('region', { id: region });
      await this.create('endpoint', { service_id: service, region_id: region, interface: 'public', url });
    }
  }

  private async ensure(kind: Kind, name: string, more: object): Promise<string> {
    const [found] = await this.list(kind, `name=${encodeURIComponent(name)}`);
    return found?.id ?? (await this.create(kind, { name, ...more }));
  }

  private async list(kind: Kind, query: string): Promise<Entity[]> {
    const answer = (await this.call('GET', `${kind}s?${query}`)) as Record<string, Entity[]>;
    return answer[`${kind}s`] ?? [];
  }

  private async create(kind: Kind, entity: object): Promise<string> {
    const answer = (await this.call('POST', `${kind}s`, { [kind]: entity })) as Record<string, Entity>;
    return answer[kind]?.id ?? '';
  }

  private async call(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await fetch(`${this.url}/${path}`, {
      method,
      headers: { 'X-Auth-Token': this.token, 'Content-Type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await answer.text();
    if (!answer.ok) throw new LocalError(`Keystone: ${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? {} : (JSON.parse(text) as unknown);
  }
}
