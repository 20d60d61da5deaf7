// A cluster with as many containers as wanted, of which it keeps none: what a daemon asks of its Swift, of the records in it and of
// one peer's gateway is answered from a number. Counts what it is asked.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { contentTypeOf } from '../../src/records/names.js';
import { EMPTY, markOf, renderChange, renderRecord, type Record } from '../../src/records/record.js';
import { register } from '../../src/records/register.js';
import { queryParameter } from '../../src/swift/path.js';
import { containerSyncKey } from '../../src/sync/key.js';
import type { Generation } from '../../src/sync/secrets.js';

export const ACCOUNT = 'AUTH_bench';
const OWN_ACCOUNT = 'AUTH_autosync';
const WRITER = 'one.model.0';
const MADE_MS = Date.UTC(2026, 0, 1);
const DATE = new Date(MADE_MS).toISOString().slice(0, -1);
const VERSION = `${String(MADE_MS).padStart(14, '0')}.0000.${WRITER}`;
const DIGITS = 8;

/** The same of every container. */
const CONTAINER: Record = {
  desired: new Map([
    ['life', register('present', VERSION)],
    ['placement', register('one, two', VERSION)],
    ['policy', register('gold', VERSION)],
    ['x-container-meta-colour', register('red', VERSION)],
  ]),
  seen: new Map([
    ['life', register('present', VERSION)],
    ['policy', register('gold', VERSION)],
    ['x-container-meta-colour', register('red', VERSION)],
  ]),
};
const ACCOUNT_RECORD: Record = { ...EMPTY, desired: new Map([['life', register('present', VERSION)]]) };
const MARK = markOf(CONTAINER);
const ROW_REST = `","hash":"0","bytes":300,"content_type":"${contentTypeOf(MARK)}","last_modified":"${DATE}"}`;

interface Asked {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly target: string;
  readonly body: Buffer;
}

export class GeneratedCluster {
  /** Requests by kind since `watch`. */
  readonly counts = new Map<string, number>();
  readonly #servers: readonly Server[];
  readonly #generation: Generation;
  #count = 0;
  /** One of so many containers is in the records, and not there; 0: none. */
  #missingEvery = 0;
  readonly #writers = new Set([WRITER]);
  /** What daemons keep of their passes. */
  readonly #reports = new Map<string, Buffer>();
  #onReport: () => void = () => undefined;

  private constructor(generation: Generation) {
    this.#generation = generation;
    this.#servers = [
      createServer((req, res) => this.#serve(req, (asked) => this.#swift(asked, res))),
      createServer((req, res) => this.#serve(req, (asked) => this.#peer(asked, res))),
    ];
  }

  /** @param ports of its Swift, and of the peer's gateway */
  static async listen(generation: Generation, ports: readonly [number, number]): Promise<GeneratedCluster> {
    const cluster = new GeneratedCluster(generation);
    await Promise.all(
      cluster.#servers.map(
        (server, i) => new Promise<void>((resolve) => server.listen(ports[i], '127.0.0.1', resolve)),
      ),
    );
    return cluster;
  }

  /** From now on it has so many containers. Resolves when a daemon has written the report of a pass. */
  watch(count: number, missingEvery: number): Promise<void> {
    this.#count = count;
    this.#missingEvery = missingEvery;
    this.counts.clear();
    return new Promise((resolve) => {
      this.#onReport = resolve;
    });
  }

  close(): void {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
  }

  #serve(req: IncomingMessage, answer: (asked: Asked) => void): void {
    const target = req.url ?? '';
    const path = decodeURIComponent(target.split('?')[0] ?? '');
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.once('end', () => answer({ method: req.method ?? '', path, target, body: Buffer.concat(chunks) }));
  }

  #swift(asked: Asked, res: ServerResponse): void {
    const { method, path } = asked;
    const own = `/v1/${OWN_ACCOUNT}/autosync`;
    if (path === '/auth/v1.0') {
      this.#logIn(res);
      return;
    }
    if (path === `/v1/${ACCOUNT}`) {
      if (method === 'GET') this.#listContainers(asked, res);
      else this.#say(res, 204, 'HEAD account');
      return;
    }
    if (path === own && method === 'GET') {
      this.#listRecords(asked, res);
      return;
    }
    if (path.startsWith(`${own}/`)) {
      this.#record(asked, path.slice(own.length + 1), res);
      return;
    }
    if (path.startsWith(`/v1/${ACCOUNT}/`)) {
      this.#container(asked, path.slice(ACCOUNT.length + 5), res);
      return;
    }
    this.#say(res, 201, `${method} other`);
  }

  #logIn(res: ServerResponse): void {
    res.setHeader('X-Auth-Token', 'model');
    res.setHeader('X-Storage-Url', `http://127.0.0.1/v1/${OWN_ACCOUNT}`);
    this.#say(res, 200, 'log in');
  }

  #container({ method }: Asked, name: string, res: ServerResponse): void {
    if (method === 'HEAD' && this.#isMissing(indexOf(name))) {
      this.#say(res, 404, 'HEAD container');
      return;
    }
    if (method !== 'HEAD') {
      this.#say(res, method === 'PUT' ? 201 : 204, `${method} container`);
      return;
    }
    const headers = {
      'X-Container-Meta-Colour': 'red',
      'X-Storage-Policy': 'gold',
      'X-Timestamp': (MADE_MS / 1000).toFixed(5),
      'X-Container-Object-Count': '0',
      'X-Container-Sync-To': `//bench/two/${ACCOUNT}/${name}`,
      'X-Container-Sync-Key': containerSyncKey(this.#generation, ACCOUNT, name),
    };
    for (const [header, value] of Object.entries(headers)) res.setHeader(header, value);
    this.#say(res, 204, 'HEAD container');
  }

  #record({ method, body }: Asked, object: string, res: ServerResponse): void {
    if (method === 'PUT' && object.startsWith('w/')) this.#writers.add(object.slice(2));
    // What is kept of a pass under way is named a step further down.
    if (method === 'PUT' && /^s\/[^/]+\/[^/]+$/.test(object)) {
      this.#reports.set(object, body);
      this.#onReport();
    }
    const report = this.#reports.get(object);
    const isAccount = object.startsWith(`a/${WRITER}/`);
    const isOurs = isAccount || object.startsWith(`c/${WRITER}/`);
    const kind = `${method} record`;
    if (method !== 'GET') this.#say(res, method === 'PUT' ? 201 : 204, kind);
    else if (isOurs)
      this.#say(res, 200, kind, renderRecord(isAccount ? ACCOUNT_RECORD : CONTAINER).toString());
    else if (report !== undefined) this.#say(res, 200, kind, report.toString());
    else this.#say(res, 404, kind);
  }

  #listContainers({ target }: Asked, res: ServerResponse): void {
    const rows = this.#page(queryParameter(target, 'marker') ?? '', target, (i) => {
      if (this.#isMissing(i)) return undefined;
      return `{"name":"${nameOf(i)}","count":0,"bytes":0,"last_modified":"${DATE}"}`;
    });
    this.#say(res, 200, 'list containers', rows);
  }

  #listRecords({ target }: Asked, res: ServerResponse): void {
    const prefix = queryParameter(target, 'prefix') ?? '';
    const marker = queryParameter(target, 'marker') ?? '';
    const containers = `c/${WRITER}/${ACCOUNT}/`;
    let rows = '[]';
    if (prefix === containers) {
      rows = this.#page(
        marker.slice(prefix.length),
        target,
        (i) => `{"name":"${containers}${nameOf(i)}${ROW_REST}`,
      );
    } else if (marker === '') {
      const names = [...[...this.#writers].sort().map((writer) => `w/${writer}`), `a/${WRITER}/${ACCOUNT}`];
      const found = names
        .filter((name) => name.startsWith(prefix))
        .map((name) => `{"name":"${name}${ROW_REST}`);
      if (prefix === `c/${WRITER}/`) found.push(`{"subdir":"${containers}"}`);
      rows = `[${found.join(',')}]`;
    }
    this.#say(res, 200, 'list records', rows);
  }

  #peer({ method, path, target }: Asked, res: ServerResponse): void {
    const kind = `${method} ${path.startsWith('/autosync/') ? path : 'other'}`;
    if (path === '/autosync/accounts') {
      this.#say(res, 200, kind, JSON.stringify([ACCOUNT]));
      return;
    }
    if (path === '/autosync/records') {
      const row = (i: number): string => `["${nameOf(i)}",["${MARK}"]]`;
      this.#say(res, 200, kind, this.#page(queryParameter(target, 'marker') ?? '', target, row));
      return;
    }
    if (path === '/autosync/realm') {
      this.#say(res, 200, kind, renderChange(EMPTY.desired).toString());
      return;
    }
    if (path !== '/autosync/record') {
      this.#say(res, 204, kind);
      return;
    }
    const { desired } = queryParameter(target, 'container') === '' ? ACCOUNT_RECORD : CONTAINER;
    this.#say(res, 200, kind, renderChange(desired).toString());
  }

  /** The rows after the marker, as JSON. */
  #page(marker: string, target: string, rowOf: (i: number) => string | undefined): string {
    const limit = Number(queryParameter(target, 'limit') ?? 10_000);
    const rows: string[] = [];
    for (let i = marker === '' ? 0 : indexOf(marker) + 1; i < this.#count && rows.length < limit; i += 1) {
      const row = rowOf(i);
      if (row !== undefined) rows.push(row);
    }
    return `[${rows.join(',')}]`;
  }

  #isMissing(i: number): boolean {
    return this.#missingEvery > 0 && i % this.#missingEvery === 1;
  }

  #say(res: ServerResponse, status: number, kind: string, body = ''): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    res.statusCode = status;
    res.end(body);
  }
}

function nameOf(i: number): string {
  return `c${String(i).padStart(DIGITS, '0')}`;
}

function indexOf(name: string): number {
  return Number(name.slice(1));
}
