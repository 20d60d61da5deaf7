// A placement engine: which clusters hold a container is decided by what its account has booked and by how large its objects are.
//
//   - a table (JSON, re-read when it changes) says which tier an account has: { "AUTH_alice": "gold", "*": "silver" }
//   - a tier is a list of clusters, in order: the first is read from first
//   - containers of bulk data, by the end of their name, go to clusters of their own in every tier
//   - segments follow the container of their manifest, wherever clients put them: photos_segments, photos+segments
//
// Copy it beside autosync.conf and put it into the pipeline before `autosync`: see autosync.conf in this folder.
// The types are those of the program (docs/placement-engines.md); there is nothing to build.
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @import { Filter, FilterFactory, Logger } from 'swift-autosync/station' */
/** @typedef {ReadonlyMap<string, string>} Table the tier of each account; `*` is that of all others */

const HERE = dirname(fileURLToPath(import.meta.url));
const SEGMENTS = /(?:_|\+|\.)segments$/;
/** The table is looked at once in this time. */
const CHECK_MS = 1000;

/** @type {FilterFactory} */
export function filterFactory(options, log, tools) {
  const tiers = readTiers(options);
  const bulk = { clusters: split(options['bulk']), suffixes: split(options['bulk_suffixes']) };
  const tierOf = tableReader(resolve(HERE, options['tiers_file'] ?? 'tiers.json'), tiers, log);
  warnOfUnknown([...tiers.values(), bulk.clusters].flat(), tools.clusters(), log);

  /** @type {Filter} */
  const placementByTier = (exchange, next) => {
    const { path } = exchange;
    if (path.kind === 'container' || path.kind === 'object') {
      // The same names must give the same clusters in every request and at every cluster's gateway: a header of the
      // request, such as the size of an object, is not there when the container is read or deleted.
      const container = path.container.replace(SEGMENTS, '');
      const isBulk = bulk.clusters.length > 0 && bulk.suffixes.some((suffix) => container.endsWith(suffix));
      exchange.placement = isBulk ? bulk.clusters : tierOf(path.account);
    }
    return next();
  };
  return placementByTier;
}

/**
 * `tier_NAME = CLUSTER, CLUSTER`, in any number.
 *
 * @param {Readonly<Record<string, string>>} options
 */
function readTiers(options) {
  const names = Object.keys(options).filter((name) => name.startsWith('tier_'));
  const tiers = new Map(names.map((name) => [name.slice('tier_'.length), split(options[name])]));
  if (tiers.size === 0) throw new Error('Give at least one "tier_NAME = CLUSTER, CLUSTER".');
  return tiers;
}

/**
 * Answers with the clusters of an account's tier. Throws where it has none: then the default placement is taken, or the
 * request refused, as placement_failure says. After a bad change of the file, the last good table stays in use.
 *
 * @param {string} file
 * @param {ReadonlyMap<string, readonly string[]>} tiers
 * @param {Logger} log
 * @returns {(account: string) => readonly string[]}
 */
function tableReader(file, tiers, log) {
  let table = readTable(file, tiers);
  let readMs = statSync(file).mtimeMs;
  let checkAt = Date.now() + CHECK_MS;
  return (account) => {
    if (Date.now() >= checkAt) {
      checkAt = Date.now() + CHECK_MS;
      try {
        const { mtimeMs } = statSync(file);
        if (mtimeMs !== readMs) {
          readMs = mtimeMs;
          table = readTable(file, tiers);
        }
      } catch (error) {
        log.error(
          { file, err: /** @type {unknown} */ (error) },
          'the table of tiers cannot be used; the last good one stays',
        );
      }
    }
    const clusters = tiers.get(table.get(account) ?? table.get('*') ?? '');
    if (clusters === undefined) throw new Error(`${account} has no tier in ${file}.`);
    return clusters;
  };
}

/**
 * @param {string} file
 * @param {ReadonlyMap<string, unknown>} tiers
 * @returns {Table}
 */
function readTable(file, tiers) {
  /** @type {unknown} */
  const parsed = JSON.parse(readFileSync(file, 'utf8'));
  const table = new Map(Object.entries(/** @type {Record<string, string>} */ (parsed)));
  for (const [account, tier] of table) {
    if (!tiers.has(tier)) throw new Error(`${account} has the tier "${tier}", and there is no tier_${tier}.`);
  }
  return table;
}

/**
 * @param {readonly string[]} named
 * @param {readonly string[]} known
 * @param {Logger} log
 */
function warnOfUnknown(named, known, log) {
  const all = new Set(known.map((name) => name.toLowerCase()));
  const unknown = named.filter((name) => !all.has(name.toLowerCase()));
  if (unknown.length > 0) log.warn({ unknown }, 'tiers name clusters that nothing is known of');
}

/** @param {string | undefined} list */
function split(list) {
  return (list ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
