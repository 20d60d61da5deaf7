// A user's own ES module as a station of the pipeline: loading it, and holding its answers to the interface. Knows no engine.
import { STATUS_CODES } from 'node:http';
import { pathToFileURL } from 'node:url';
import { HeaderList } from '../http/headers.js';
import { AutosyncError } from '../lib/errors.js';
import type { App, AppFactory, Exchange, Filter, FilterFactory, Logger, Tools } from './station.js';

/** What a module is called with. */
export interface ModuleContext {
  readonly path: string;
  readonly options: Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly tools: Tools;
}

/** A filter whose placement is looked at before the request goes on; see guardFilter for its time and its failures. @throws AutosyncError MODULE_FAILED */
export async function loadFilter(context: ModuleContext): Promise<Filter> {
  const filter = await callFactory(context, 'filterFactory');
  return (exchange, next) =>
    filter(exchange, () => {
      checkPlacement(exchange.placement);
      return next();
    });
}

/** @throws AutosyncError MODULE_FAILED */
export async function loadApp(context: ModuleContext): Promise<App> {
  return (await callFactory(context, 'appFactory')) as App;
}

/** What modules are handed to work with. */
export function makeTools(clusters: () => readonly string[], myCluster: string | undefined): Tools {
  return { clusters, myCluster, answer };
}

/** Imports the module. @throws AutosyncError MODULE_FAILED when it cannot be, or does not export that function */
export async function importFactory(
  path: string,
  name: 'filterFactory' | 'appFactory',
): Promise<FilterFactory | AppFactory> {
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    throw failed(path, (error as Error).message, error);
  }
  const factory = module[name];
  if (typeof factory !== 'function') throw failed(path, `it exports no function ${name}.`);
  return factory as FilterFactory | AppFactory;
}

async function callFactory(
  { path, options, log, tools }: ModuleContext,
  name: 'filterFactory' | 'appFactory',
): Promise<Filter | App> {
  const factory = await importFactory(path, name);
  let station: unknown;
  try {
    station = await factory(options, log, tools);
  } catch (error) {
    throw failed(path, (error as Error).message, error);
  }
  if (typeof station !== 'function') throw failed(path, `its ${name} returns no function.`);
  return station as Filter | App;
}

function failed(path: string, detail: string, cause?: unknown): AutosyncError {
  return new AutosyncError('MODULE_FAILED', `${path}: ${detail}`, { cause });
}

/** An engine in plain JavaScript may set anything. */
function checkPlacement(placement: unknown): void {
  if (placement === undefined) return;
  const isList = Array.isArray(placement) && placement.length > 0;
  if (!isList || !placement.every((name) => typeof name === 'string' && name !== '')) {
    throw new TypeError("The placement has to be a list of at least one cluster's name.");
  }
}

function answer(
  exchange: Exchange,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): ReturnType<Tools['answer']> {
  const list = HeaderList.from({
    'Content-Type': 'text/plain; charset=UTF-8',
    'X-Trans-Id': exchange.id,
    'Date': new Date().toUTCString(),
  });
  for (const [name, value] of Object.entries(headers)) list.set(name, value);
  return { status, reason: STATUS_CODES[status] ?? 'Unknown', headers: list, body: Buffer.from(text) };
}
