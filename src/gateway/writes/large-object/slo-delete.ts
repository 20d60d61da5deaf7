// DELETE of a static large object with its segments, where some of them are on other clusters than the manifest. Each is deleted where it
// is, with the client's own rights (Swift's middleware/slo.py, handle_multipart_delete).
import { eachLimited } from '../../../lib/each-limited.js';
import { HeaderList } from '../../../http/headers.js';
import { collectBody, MessageBody } from '../../../http/message-body.js';
import { bulkFormat, problem, renderBulk, type Problem } from '../../../swift/bulk-answer.js';
import { isSuccess } from '../../../swift/swift-client.js';
import { textAnswer } from '../../answer.js';
import { clientGone } from '../../filters/proxy.js';
import type { ObjectName } from '../../reads/pointer.js';
import type { OutgoingResponse } from '../../station.js';
import { abandon, headersForOwn } from '../object-write.js';
import { MAX_MANIFEST_BYTES } from './slo-manifest.js';
import type { Writing } from '../writing.js';

const CONCURRENCY = 8;
/** As many names as Swift keeps at once, by default. */
const MAX_NAMES = 10_000;
/** A stored manifest says more of each segment than the one that was put. */
const MAX_STORED_BYTES = 4 * MAX_MANIFEST_BYTES;

/** A manifest, or why its segments are not known. */
interface Manifest {
  readonly name: ObjectName;
  readonly refusal?: { readonly status: number; readonly text: string };
}

interface Plan {
  readonly segments: readonly ObjectName[];
  /** The outermost last. */
  readonly manifests: readonly Manifest[];
}

/** Whether the local Swift alone would leave segments behind. @throws AutosyncError of the local Swift; a retry may help */
export async function hasSegmentsElsewhere(writing: Writing, name: ObjectName): Promise<boolean> {
  const plan = await planOf(writing, name);
  if (plan === undefined) return false;
  const first = new Map(plan.segments.map((segment) => [segment.container, segment]));
  const places = await Promise.all([...first.values()].map((segment) => writing.where(segment)));
  return places.some(({ isHere }) => !isHere);
}

/** Swift's answer in its own form. @throws AutosyncError of the local Swift; a retry may help */
export async function deleteLarge(writing: Writing, name: ObjectName): Promise<OutgoingResponse> {
  const { exchange } = writing;
  const format = bulkFormat(exchange.request.headers.get('accept'));
  const plan = await planOf(writing, name);
  const outcome = plan === undefined ? undefined : await carryOut(writing, plan);
  const answer = textAnswer(exchange, 200, '');
  answer.headers.set('Content-Type', format);
  const said = outcome?.said ?? {
    ...{ 'Number Deleted': 0, 'Number Not Found': 0, 'Response Status': '400 Bad Request' },
    'Response Body': 'Too many buffered slo segments to delete.',
  };
  return { ...answer, body: renderBulk(format, said, outcome?.problems ?? [], 'delete') };
}

/** One request's, made once. */
const plans = new WeakMap<Writing, Promise<Plan | undefined>>();

/** Undefined for more than Swift would delete. */
function planOf(writing: Writing, name: ObjectName): Promise<Plan | undefined> {
  const plan = plans.get(writing) ?? makePlan(writing, name);
  plans.set(writing, plan);
  return plan;
}

/** @throws AutosyncError REQUEST_TIMEOUT for a client that has left */
async function makePlan(writing: Writing, name: ObjectName): Promise<Plan | undefined> {
  const segments: ObjectName[] = [];
  const manifests: Manifest[] = [];
  const toRead = [name];
  // Manifests may name each other.
  const known = new Set([idOf(name)]);
  for (let at = toRead.shift(); at !== undefined; at = toRead.shift()) {
    requireClient(writing);
    const read = await readManifest(writing, at);
    manifests.unshift({ name: at, ...('status' in read ? { refusal: read } : {}) });
    if ('status' in read) continue;
    for (const { isLarge, ...segment } of read) {
      if (!isLarge) segments.push(segment);
      else if (!known.has(idOf(segment))) toRead.push(segment);
      if (isLarge) known.add(idOf(segment));
    }
    if (segments.length + manifests.length + toRead.length > MAX_NAMES) return undefined;
  }
  return { segments, manifests };
}

/** Nothing more is begun for a client that has left. */
function requireClient({ exchange: { request } }: Writing): void {
  if (request.isGone === true) throw clientGone();
}

function idOf({ container, object }: ObjectName): string {
  return `${container}/${object}`;
}

type Read = readonly (ObjectName & { readonly isLarge: boolean })[];

async function readManifest(
  { reading }: Writing,
  name: ObjectName,
): Promise<Read | NonNullable<Manifest['refusal']>> {
  const selection = HeaderList.from([['X-Newest', 'true']]);
  const query = '?multipart-manifest=get';
  const { status, headers, body } = await reading.read({ method: 'GET', name, query, selection });
  const isManifest = headers.get('x-static-large-object')?.toLowerCase() === 'true';
  if (isSuccess(status) && isManifest && body instanceof MessageBody) {
    const segments = parse(name.account, await collectBody(body, MAX_STORED_BYTES));
    return segments ?? { status: 500, text: 'Unable to load SLO manifest' };
  }
  abandon(body);
  if (isSuccess(status)) return { status: 400, text: 'Not an SLO manifest' };
  if (status === 404) return { status, text: 'SLO manifest not found' };
  if (status === 401) return { status, text: '401 Unauthorized' };
  return { status, text: 'Unable to load SLO manifest or segment.' };
}

function parse(account: string, manifest: Buffer): Read | undefined {
  try {
    const entries = JSON.parse(manifest.toString('utf8')) as { name?: string; sub_slo?: boolean }[];
    return entries.flatMap((entry) => {
      const [, container, object] = /^\/*([^/]+)\/(.+)$/s.exec(entry.name ?? '') ?? [];
      if (container === undefined || object === undefined) return [];
      return [{ account, container, object, isLarge: entry.sub_slo === true }];
    });
  } catch {
    return undefined;
  }
}

interface Outcome {
  readonly said: Readonly<Record<string, string | number>>;
  readonly problems: readonly Problem[];
}

async function carryOut(writing: Writing, { segments, manifests }: Plan): Promise<Outcome> {
  const problems: Problem[] = [];
  let deletedCount = 0;
  let missingCount = 0;
  let failure = '400 Bad Request';
  const note = ({ container, object }: ObjectName, status: number, text: string): void => {
    if (isSuccess(status)) deletedCount += 1;
    else if (status === 404) missingCount += 1;
    else problems.push(problem(`/${container}/${object}`, text));
  };
  const remove = async (name: ObjectName): Promise<void> => {
    requireClient(writing);
    const headers = headersForOwn(writing.exchange.request.headers);
    const { status, reason, body } = await writing.do(writing.write(name, { headers }));
    abandon(body);
    if (status >= 500) failure = '502 Bad Gateway';
    note(name, status, `${status} ${reason}`);
  };
  // What is named twice is there only once.
  const first = new Map(segments.map((name) => [idOf(name), name]));
  const again = segments.filter((name) => first.get(idOf(name)) !== name);
  await eachLimited([...first.values()], CONCURRENCY, remove);
  await eachLimited(again, CONCURRENCY, remove);
  for (const { name, refusal } of manifests)
    if (refusal === undefined) await remove(name);
    else note(name, refusal.status, refusal.text);
  const status = problems.length === 0 ? '200 OK' : failure;
  return {
    said: {
      ...{ 'Number Deleted': deletedCount, 'Number Not Found': missingCount },
      ...{ 'Response Status': status, 'Response Body': '' },
    },
    problems,
  };
}
