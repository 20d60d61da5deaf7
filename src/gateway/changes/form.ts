// Uploads by form (Swift's middleware/formpost.py): they and their answers stream through untouched; after a success the objects that
// the form made are copied.
import { queryParameter, type SwiftPath } from '../../swift/path.js';
import { FormFiles, formBoundary, type FormFile } from '../../swift/form-files.js';
import type { Site } from '../site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';

export type FormPath = Extract<SwiftPath, { kind: 'container' | 'object' }>;

/** Of one form; more are left to container sync. */
const MAX_FILES = 10_000;

/** What Swift's formpost takes for a form; without a boundary it is a POST like any other. */
export function isForm({ method, headers }: Exchange['request']): boolean {
  return method === 'POST' && boundaryOf(headers) !== undefined;
}

/** @param path the container, or what the names of all objects begin with */
export async function passForm(
  site: Site,
  exchange: Exchange,
  next: Next,
  path: FormPath,
): Promise<OutgoingResponse> {
  const { account, container } = path;
  if (account === (await site.ownAccount())) return next();
  const { body, headers } = exchange.request;
  const prefix = path.kind === 'object' ? path.object : '';
  const files: FormFile[] = [];
  const reader = new FormFiles(boundaryOf(headers) ?? '', (file) => {
    if (files.length < MAX_FILES) files.push(file);
  });
  body.watch({ data: (chunk) => reader.push(chunk), end: () => reader.end() });
  const response = await next();
  if (!isUploaded(response)) return response;
  const sinceMs = site.now();
  for (const { filename, bytes } of files) {
    const object = prefix + filename;
    site.copies.add({ account, container, object, sinceMs, looksFirst: false, method: 'PUT', bytes });
  }
  return response;
}

function boundaryOf(headers: Exchange['request']['headers']): string | undefined {
  return formBoundary(headers.get('content-type') ?? '');
}

/** Where the form names a `redirect`, the answer leads there whatever came of it, and says it in the query. */
function isUploaded({ status, headers }: OutgoingResponse): boolean {
  if (status === 201) return true;
  return status === 303 && queryParameter(headers.get('location') ?? '', 'status') === '201';
}
