// What a peer's gateway tells of itself, held against our own side: realm key, secret generation, options. Pure.
import { AutosyncError } from '../lib/errors.js';
import { realmKeyProof } from '../sync/realm-proof.js';
import { findGeneration, type Secrets } from '../sync/secrets.js';
import type { About, Finding } from './finding.js';
import type { Surroundings } from './surroundings.js';

/** @param told see src/gateway/introduction.ts; a peer of another version may tell less */
export function compareIntroduction(
  surroundings: Surroundings,
  about: About,
  told: Readonly<Record<string, unknown>>,
): Finding[] {
  const { secrets, autosync } = surroundings;
  if (secrets instanceof AutosyncError) return [];
  const theirs = typeof told['generation'] === 'number' ? told['generation'] : secrets.current.number;
  return [
    ...compareGenerations(about, theirs, secrets),
    ...compareRealmKeys(surroundings, about, { theirs, proofs: listOf(told['realm_key_proofs']), secrets }),
    ...compareOption(about, 'user_sync', told['user_sync'], autosync.userSync),
    ...compareOption(about, 'accounts', listOf(told['accounts']).join(', '), sorted(autosync.accounts)),
  ];
}

function compareGenerations(about: About, theirs: number, { current }: Secrets): Finding[] {
  if (theirs === current.number) return [];
  const newer = theirs > current.number ? 'there' : 'here';
  const message = `has generation ${theirs} of the secret file, this cluster ${current.number}`;
  const fix = `Copy the newer file, which is ${newer}, to every cluster before secrets are rotated again.`;
  return [about.warning('peer-secret', message, fix)];
}

interface KeyFacts {
  readonly theirs: number;
  readonly proofs: readonly string[];
  readonly secrets: Secrets;
}

/** Either side must sign with a key that the other takes: Swift signs with `key`, and takes `key` and `key2`. */
function compareRealmKeys(
  { clusters }: Surroundings,
  about: About,
  { theirs, proofs, secrets }: KeyFacts,
): Finding[] {
  if (clusters.realmName === '') return [];
  const generation = findGeneration(secrets, theirs);
  if (generation === undefined)
    return [about.skipped('peer-realm-key', 'not compared: its secrets are newer')];
  const ours = clusters.realmKeys().map((key) => realmKeyProof(generation, clusters.realmName, key));
  const [theirKey] = proofs;
  const [ourKey] = ours;
  if (theirKey === undefined || ourKey === undefined) {
    const fix = 'Write the same "key = …" into container-sync-realms.conf of both clusters.';
    return [about.error('peer-realm-key', 'one side has no realm key', fix)];
  }
  if (proofs.includes(ourKey) && ours.includes(theirKey))
    return [about.ok('peer-realm-key', 'has the same realm key')];
  const fix =
    'Write the same key into container-sync-realms.conf of both clusters; while it is changed, the old one as key2.';
  return [about.error('peer-realm-key', 'has another realm key: container sync would be refused', fix)];
}

function compareOption(about: About, name: string, theirs: unknown, ours: string): Finding[] {
  if (typeof theirs !== 'string' || theirs === '' || theirs === ours) return [];
  const message = `${name} = ${theirs} there, ${ours} here`;
  const fix = `Write the same ${name} in [filter:autosync] of every cluster.`;
  return [about.error('peer-settings', message, fix)];
}

function sorted(list: readonly string[]): string {
  return [...list].sort().join(', ');
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
