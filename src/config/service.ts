// [service]: the service user and how it proves itself. Knows nothing of tokens.
import type { ServiceConfig } from './config.js';
import { readSection } from './section.js';
import type { Context, Reading } from './section.js';
import { SERVICE_OPTIONS } from './sync-options.js';
import type { IniSection } from '../lib/ini.js';

type Name = keyof typeof SERVICE_OPTIONS;

const VERSION_1 = ['user', 'key'] as const satisfies readonly Name[];
const PASSWORD = ['username', 'password', 'project_name'] as const satisfies readonly Name[];
const APPLICATION = [
  'application_credential_id',
  'application_credential_secret',
] as const satisfies readonly Name[];
const DOMAINS = ['user_domain_name', 'project_domain_name'] as const satisfies readonly Name[];

export type ServiceReading = Reading<typeof SERVICE_OPTIONS>;

/** Reads [service] and reports what is wrong with it. */
export function readService(context: Context, section: IniSection): ServiceReading {
  const reading = readSection(context, section, SERVICE_OPTIONS);
  const { authVersion } = reading.values;
  if (authVersion === '1') checkVersion1(context, reading);
  if (authVersion === '3') checkVersion3(context, reading);
  return reading;
}

function checkVersion1({ problems }: Context, reading: ServiceReading): void {
  requireAll(reading, VERSION_1, 'auth_version 1', problems);
  refuseAll(reading, [...PASSWORD, ...APPLICATION, ...DOMAINS, 'region_name'], 'auth_version 1', problems);
  const { user } = reading.values;
  if (user === undefined || /^[^:]+:.+$/.test(user)) return;
  problems.report(
    reading.placeOf('user'),
    '"user" in [service] is not ACCOUNT:USER.',
    'Write both, with a colon.',
  );
}

function checkVersion3({ problems }: Context, reading: ServiceReading): void {
  refuseAll(reading, VERSION_1, 'auth_version 3', problems);
  if (APPLICATION.some(reading.isGiven)) {
    requireAll(reading, APPLICATION, 'an application credential', problems);
    refuseAll(reading, [...PASSWORD, ...DOMAINS], 'an application credential', problems);
  } else {
    requireAll(reading, PASSWORD, 'auth_version 3', problems);
  }
}

function requireAll(
  { isGiven, placeOf }: ServiceReading,
  names: readonly Name[],
  what: string,
  problems: Context['problems'],
): void {
  for (const name of names.filter((option) => !isGiven(option))) {
    const fix = `Add "${name} = …". ${SERVICE_OPTIONS[name].doc}`;
    problems.report(placeOf(name), `"${name}" is missing in [service]; ${what} needs it.`, fix);
  }
}

function refuseAll(
  { isGiven, placeOf }: ServiceReading,
  names: readonly Name[],
  what: string,
  problems: Context['problems'],
): void {
  for (const name of names.filter(isGiven)) {
    problems.report(placeOf(name), `"${name}" in [service] does not go with ${what}.`, 'Take it out.');
  }
}

/** The finished configuration; only where nothing was reported. */
export function serviceConfig(reading: ServiceReading): ServiceConfig {
  const values = reading.whole;
  const { authUrl, timeoutMs, resellerPrefix } = values;
  const base = { authUrl, timeoutMs, resellerPrefix };
  // What is needed was required above; the empty strings are never seen.
  if (values.authVersion === '1') {
    return { ...base, authVersion: 1, user: values.user ?? '', key: values.key ?? '' };
  }
  const { applicationCredentialId: id, applicationCredentialSecret: secret } = values;
  const { userDomainName, projectDomainName, regionName } = values;
  return {
    ...base,
    authVersion: 3,
    regionName,
    credentials:
      id !== undefined && secret !== undefined
        ? { kind: 'application_credential', id, secret }
        : {
            kind: 'password',
            username: values.username ?? '',
            password: values.password ?? '',
            projectName: values.projectName ?? '',
            userDomainName,
            projectDomainName,
          },
  };
}
