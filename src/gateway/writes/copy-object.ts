// A copy that the local Swift cannot make alone: its source, or its destination, is on other clusters. The source is read and the
// destination is written with the client's own rights; the bytes flow through.
import { MessageBody, collectBody } from '../../http/message-body.js';
import { queryParameter, swiftTarget } from '../../swift/path.js';
import { textAnswer } from '../answer.js';
import { ClientRights, selectionOf } from '../reads/client-rights.js';
import type { OutgoingResponse } from '../station.js';
import { addCopiedFrom, headersOfCopy, type CopyRequest } from './copy-request.js';
import { abandon } from './object-write.js';
import { putManifest } from './large-object/slo-put.js';
import { MAX_MANIFEST_BYTES } from './large-object/slo-manifest.js';
import { isStaticLink, putLinkElsewhere } from './static-link.js';
import type { Writing } from './writing.js';

/** Swift's answer to the client's COPY. @throws AutosyncError of the local Swift; a retry may help */
export async function copyObject(writing: Writing, copy: CopyRequest): Promise<OutgoingResponse> {
  const source = await readSource(writing, copy);
  // As Swift has it: what is not there, or not as the conditions want it, is the answer.
  if (source.status >= 300) return source;
  const { body } = source;
  if (body instanceof MessageBody && body.framing.kind !== 'length' && body.framing.kind !== 'none') {
    abandon(body);
    return textAnswer(writing.exchange, 413, 'The source is a large object of unknown length.');
  }
  const headers = headersOfCopy(writing.exchange.request.headers, source, copy.isOfManifest);
  try {
    return addCopiedFrom(await put(writing, copy, source, headers), copy, source, headers);
  } finally {
    abandon(body);
  }
}

/** Of a version only the local Swift knows. */
function readSource(writing: Writing, { source, query }: CopyRequest): Promise<OutgoingResponse> {
  const { exchange, site } = writing;
  const { headers, target } = exchange.request;
  // As Swift asks for the source of a copy.
  const selection = selectionOf(headers).set('X-Newest', 'true');
  const version = queryParameter(target, 'version-id');
  if (version === undefined) return writing.reading.read({ method: 'GET', name: source, query, selection });
  const { account, container, object } = source;
  const asked = `${swiftTarget(account, container, object)}${query === '' ? '?' : `${query}&`}`;
  return new ClientRights(site, exchange).ask(
    'GET',
    `${asked}version-id=${encodeURIComponent(version)}`,
    selection,
  );
}

async function put(
  writing: Writing,
  { destination, isOfManifest }: CopyRequest,
  { body, headers: found }: OutgoingResponse,
  headers: ReturnType<typeof headersOfCopy>,
): Promise<OutgoingResponse> {
  // As a service user, Swift there would show any object's ETag to who asks for a link to it.
  if (isStaticLink({ method: 'PUT', headers }) && !(await writing.where(destination)).isHere) {
    const framing = body instanceof MessageBody ? body.framing : { kind: 'none' as const };
    return putLinkElsewhere(writing, destination, { framing, headers });
  }
  const isManifest = isOfManifest && found.get('x-static-large-object')?.toLowerCase() === 'true';
  if (!isManifest) return writing.do(writing.write(destination, { headers, body }));
  const manifest = body instanceof MessageBody ? await collectBody(body, MAX_MANIFEST_BYTES) : body;
  return putManifest(writing, destination, headers, manifest ?? Buffer.alloc(0));
}
