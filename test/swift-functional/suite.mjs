// Gets Swift's own functional tests: the source package of the Swift that Debian has, from the very mirror this machine's apt uses.
// Nothing of it becomes a part of this repository, and nothing of the machine's apt is changed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const APT = '/etc/apt';

/**
 * The folder that holds the suite's `test` package, of the same upstream release as the installed Swift.
 *
 * @param cache a folder that is kept between runs
 */
export function swiftSuite(cache) {
  const release = installedRelease();
  const folder = join(cache, `swift-${release}`);
  if (existsSync(join(folder, 'test', 'functional'))) return { folder, release };
  console.log(`Fetching the sources of Swift ${release} from Debian …`);
  const work = join(cache, 'work');
  rmSync(work, { recursive: true, force: true });
  for (const name of ['lists/partial', 'archives/partial', 'sources'])
    mkdirSync(join(work, name), { recursive: true });
  writeFileSync(join(work, 'sources.list'), sourceLines().join('\n') + '\n');
  apt(work, 'update', '-qq');
  downloadOneOf(sourceVersions(work, release), work);
  const archive = readdirSync(join(work, 'sources')).find((name) => /\.orig\.tar\./.test(name));
  if (archive === undefined) throw new Error('apt-get source brought no .orig.tar file');
  run('tar', ['-xf', archive, '--strip-components=1', '--wildcards', '*/test/*'], join(work, 'sources'));
  mkdirSync(folder, { recursive: true });
  renameSync(join(work, 'sources', 'test'), join(folder, 'test'));
  rmSync(work, { recursive: true, force: true });
  return { folder, release };
}

/** `2.30.1` of `2.30.1-0+deb12u3`. */
function installedRelease() {
  const version = run('dpkg-query', ['-W', '-f', '${Version}', 'swift-proxy']).trim();
  const release = /^(?:\d+:)?([^-]+)-/.exec(version)?.[1];
  if (release === undefined) throw new Error(`Debian's swift-proxy has a strange version: ${version}`);
  return release;
}

/** Debian's versions of that upstream release. All hold the same tests. */
function sourceVersions(work, release) {
  const versions = apt(work, 'showsrc', 'swift')
    .split('\n')
    .flatMap((line) => /^Version: (\S+)/.exec(line)?.[1] ?? [])
    .filter((version) => version.replace(/^\d+:/, '').startsWith(`${release}-`));
  if (versions.length === 0) throw new Error(`The mirror has no sources of Swift ${release}.`);
  return [...new Set(versions)];
}

/** Mirrors announce versions that they no longer, or not yet, have. */
function downloadOneOf(versions, work) {
  const problems = [];
  for (const version of versions) {
    try {
      apt(work, 'source', '-qq', '--download-only', `swift=${version}`);
      return;
    } catch (error) {
      problems.push(error.message);
    }
  }
  throw new Error(problems.join('\n'));
}

/** `deb-src` lines for the Debian archives among the machine's package sources, in both notations of apt. */
function sourceLines() {
  const lists = join(APT, 'sources.list.d');
  const files = [join(APT, 'sources.list'), ...readdirSync(lists).map((name) => join(lists, name))];
  const found = files.filter((file) => existsSync(file)).flatMap(linesOf);
  const lines = [...new Set(found)].filter((line) => /\/debian(?:-security)?\/? /.test(line));
  if (lines.length === 0) throw new Error(`No Debian archive in ${APT}/sources.list and ${lists}.`);
  return lines;
}

function linesOf(file) {
  const text = readFileSync(file, 'utf8').replace(/^\s*#.*\n?/gm, '');
  if (file.endsWith('.sources')) return text.split(/\n\s*\n/).flatMap(stanzaLines);
  if (!file.endsWith('.list')) return [];
  return text.split('\n').flatMap((line) => (line.startsWith('deb ') ? [`deb-src ${line.slice(4)}`] : []));
}

function stanzaLines(stanza) {
  const field = (name) =>
    new RegExp(`^${name}:(.*(?:\\n[ \\t].*)*)`, 'im').exec(stanza)?.[1].trim().split(/\s+/) ?? [];
  const key = field('Signed-By');
  const options = key.length === 1 ? `[signed-by=${key[0]}] ` : '';
  return field('URIs').flatMap((uri) =>
    field('Suites').map((suite) => `deb-src ${options}${uri} ${suite} ${field('Components').join(' ')}`),
  );
}

/** apt-get or apt-cache with lists and a cache of their own: needs no rights and leaves nothing behind. */
function apt(work, command, ...args) {
  const options = {
    'Dir::State::lists': join(work, 'lists'),
    'Dir::Cache': work,
    'Dir::Cache::archives': join(work, 'archives'),
    'Dir::Etc::sourcelist': join(work, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'APT::Sandbox::User': '',
    'Debug::NoLocking': 'true',
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const program = command === 'showsrc' ? 'apt-cache' : 'apt-get';
  return run(program, [...flags, command, ...args], join(work, 'sources'));
}

function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}
