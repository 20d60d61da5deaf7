// The files next to the configuration: secrets, realms, and who may read them. Asks no server.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { nearest } from '../lib/nearest.js';
import { AutosyncError } from '../lib/errors.js';
import type { Realm } from '../sync/realms.js';
import { About, type Finding } from './finding.js';
import type { Surroundings } from './surroundings.js';

const OTHERS_READ = 0o004;
const OTHERS_WRITE = 0o002;

/** The configuration holds a password or key where there is a [service]. */
export function checkConfMode(config: Config): Finding[] {
  const about = new About(config.file);
  const isExposed = confFiles(config.file).some((file) => hasMode(file, OTHERS_READ | OTHERS_WRITE));
  if (config.service === undefined || !isExposed) return [about.ok('configuration', 'nothing wrong in it')];
  return [
    about.warning(
      'conf-exposed',
      'holds the credentials of [service], and every user of this host may read or change it',
      `Run "chmod o-rw ${config.file}", with the gateway's user or group as its owner.`,
    ),
  ];
}

function confFiles(path: string): string[] {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (!isFolder) return [path];
  return readdirSync(path)
    .filter((name) => name.endsWith('.conf'))
    .map((name) => join(path, name));
}

function hasMode(file: string, bits: number): boolean {
  return ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & bits) !== 0;
}

export function checkSecrets({ autosync, secrets }: Surroundings): Finding {
  const about = new About(autosync.secretFile);
  if (secrets instanceof AutosyncError) return about.error('secrets', secrets.message, secrets.kind.hint);
  const { current, previous } = secrets;
  const kept = previous === undefined ? '' : `, generation ${previous.number} still accepted`;
  return about.ok('secrets', `secret file, private, generation ${current.number}${kept}`);
}

/** My realm and cluster, the key, and every cluster that a placement names. */
export function checkRealms(surroundings: Surroundings): Finding[] {
  const { config, autosync, realmsFile } = surroundings;
  const { identity } = autosync;
  if (identity.kind === 'url' || realmsFile === undefined) return [];
  const about = new About(config.realmsFile);
  const findings: Finding[] = realmsFile.lastProblems.map(({ file, line, message, fix }) =>
    new About(line > 0 ? `${file}:${line}` : file).error('realms-file', message, fix),
  );
  if (hasMode(config.realmsFile, OTHERS_WRITE)) {
    const fix = `Run "chmod o-w ${config.realmsFile}", and give the realm a new key.`;
    findings.push(about.error('realms-file', 'every user of this host may change it', fix));
  } else if (hasMode(config.realmsFile, OTHERS_READ)) {
    const fix = `Run "chmod o-r ${config.realmsFile}", with a group that Swift and the gateway are in.`;
    findings.push(about.warning('realms-file', 'every user of this host may read the realm key in it', fix));
  }
  const realms = realmsFile.get();
  const realm = realms.realm(identity.realm);
  if (realm === undefined) return [...findings, noRealm(about, identity.realm, realms.all())];
  return [...findings, checkMine(about, realm, identity.cluster), ...checkPlacements(config, about, realm)];
}

function noRealm(about: About, name: string, realms: readonly Realm[]): Finding {
  const names = realms.map((realm) => realm.name);
  const near = nearest(name, names);
  const meant = near === undefined ? '' : ` Did you mean //${near}/… in my_cluster?`;
  const known = names.length === 0 ? 'has no realm with a key' : `has ${names.join(', ')}`;
  return about.error(
    'realm',
    `has no realm "${name}" with a key, as my_cluster says; it ${known}`,
    `Write [${name}] with "key = …" and "cluster_NAME = https://HOST/v1/" lines there, or mend my_cluster.${meant}`,
  );
}

function checkMine(about: About, realm: Realm, cluster: string): Finding {
  const names = [...realm.clusters.keys()].map((name) => name.toLowerCase());
  if (realm.clusters.has(cluster.toUpperCase())) {
    return about.ok('realm', `realm "${realm.name}" with ${names.length} clusters: ${names.join(', ')}`);
  }
  const near = nearest(cluster.toLowerCase(), names);
  const fix = `Add "cluster_${cluster} = https://HOST/v1/" to [${realm.name}]${near === undefined ? '' : `, or write "${near}" in my_cluster`}.`;
  return about.error('realm', `[${realm.name}] has no cluster_${cluster}, which my_cluster names`, fix);
}

function checkPlacements(config: Config, about: About, realm: Realm): Finding[] {
  const { placement, clusters } = config;
  const named = [
    { what: '"default"', names: placement.default ?? [] },
    ...placement.rules.map((rule) => ({ what: `"rule_${rule.name}"`, names: rule.clusters })),
    { what: '[cluster:…]', names: [...clusters.values()].map(({ name }) => name) },
  ];
  const known = [...realm.clusters.keys()].map((name) => name.toLowerCase());
  return named.flatMap(({ what, names }) =>
    names
      .filter((name) => !realm.clusters.has(name.toUpperCase()))
      .map((name) => {
        const near = nearest(name.toLowerCase(), known);
        const fix = `Add "cluster_${name} = https://HOST/v1/" to [${realm.name}]${near === undefined ? '' : `, or write "${near}" in ${what}`}.`;
        return about.error('placement', `[${realm.name}] has no cluster_${name}, which ${what} names`, fix);
      }),
  );
}
