// The real gateway (`bin/autosync gateway`, one worker) in front of a static backend, with the whole pipeline or the shortest.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mergeSections, renderIni, type Sections } from '../../src/local/ini-text.js';
import { AUTOSYNC } from '../../src/local/launch.js';
import { newSecrets } from '../../src/sync/secrets.js';
import type { ProxySpec } from './haproxy.js';
import { freePort, Server } from './server.js';

/** `full`: the default pipeline, its autosync filter for other accounts; `short`: nothing but the proxy. */
export type PipelineKind = 'full' | 'short';

export async function startGateway(kind: PipelineKind, spec: ProxySpec): Promise<Server> {
  const port = await freePort();
  const folder = join(spec.folder, `gateway-${port}`);
  mkdirSync(folder, { mode: 0o700 });
  const base = baseSections(folder, port, spec.upstreamPort);
  const sections = kind === 'short' ? base : mergeSections(base, autosyncSections(folder, spec.upstreamPort));
  const conf = join(folder, 'autosync.conf');
  writeFileSync(conf, renderIni(sections), { mode: 0o600 });
  if (kind === 'full') {
    writeFileSync(join(folder, 'container-sync-realms.conf'), realmsConf(port, await freePort()), {
      mode: 0o600,
    });
    newSecrets(join(folder, 'secrets'));
  }
  const command = [process.execPath, AUTOSYNC, 'gateway', conf];
  return Server.start({ title: `gateway ${kind} ${port}`, folder, port, command, cores: spec.cores });
}

function baseSections(folder: string, port: number, upstreamPort: number): Sections {
  return {
    'DEFAULT': { bind_ip: '127.0.0.1', bind_port: port, workers: 1, swift_dir: folder },
    'pipeline:main': { pipeline: 'catch_errors healthcheck proxy' },
    'app:proxy': { use: 'egg:autosync#proxy', upstream: `http://127.0.0.1:${upstreamPort}` },
  };
}

function autosyncSections(folder: string, upstreamPort: number): Sections {
  return {
    'pipeline:main': { pipeline: 'catch_errors healthcheck placement autosync proxy' },
    'filter:placement': { use: 'egg:autosync#placement', rule_archive: 'AUTH_*/archive-* -> there' },
    'filter:autosync': {
      use: 'egg:autosync#autosync',
      my_cluster: '//bench/here',
      accounts: 'AUTH_nobody*',
      secret_file: join(folder, 'secrets'),
    },
    'service': {
      auth_version: 1,
      auth_url: `http://127.0.0.1:${upstreamPort}/auth/v1.0`,
      user: 'autosync:service',
      key: 'none',
    },
  };
}

/** The peer is not there: nothing of these benchmarks goes to it. */
function realmsConf(port: number, peerPort: number): string {
  return renderIni({
    bench: {
      key: 'not a secret: nothing is synced',
      cluster_here: `http://127.0.0.1:${port}/v1/`,
      cluster_there: `http://127.0.0.1:${peerPort}/v1/`,
    },
  });
}
