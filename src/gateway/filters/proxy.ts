// The app at the end of the pipeline: hands the request to the local Swift as it came, and its answer back as it comes.
import { formatRequestHead, removeHopByHop } from '../../http/head.js';
import type { HeaderList } from '../../http/headers.js';
import type { Transport } from '../../http/http-client.js';
import type { MessageBody } from '../../http/message-body.js';
import { AutosyncError } from '../../lib/errors.js';
import { textAnswer } from '../answer.js';
import type { App } from '../station.js';

/** Methods that do the same when they are done twice (RFC 9110, section 9.2.2, and Swift's COPY is not one of them). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);

/** `name` stands in Via; a request that has passed it before goes in a circle and is refused. */
export function proxy(transport: Transport, name: string): App {
  const via = `1.1 ${name}`;
  return async (exchange) => {
    const { request } = exchange;
    const { method, headers } = request;
    removeHopByHop(headers);
    if (hasPassed(headers, via)) {
      return textAnswer(
        exchange,
        508,
        'The request came back to this gateway: [app:proxy] upstream must name the Swift proxies.',
      );
    }
    append(headers, 'Via', via);
    append(headers, 'X-Forwarded-For', request.remoteAddress.replace(/^::ffff:/, ''));
    if (request.framing.kind === 'chunked') headers.remove('trailer');
    if (!headers.has('host')) headers.add('Host', transport.authority);
    const response = await transport.send({
      method,
      head: formatRequestHead(method, request.target, headers),
      body: outgoingBody(request.body),
      expectsContinue: request.expectsContinue,
      isIdempotent: IDEMPOTENT.has(method),
      onInformation: (head) => request.inform(head.status, head.reason, head.headers),
      onStart: (abort) => {
        if (!exchange.outlivesClient) request.onGone = () => abort(clientGone());
      },
    });
    removeHopByHop(response.headers);
    return response;
  };
}

/** A body that is here whole can be sent again on a new connection; any other streams. */
export function outgoingBody(body: MessageBody): MessageBody | Buffer | undefined {
  const { framing } = body;
  if (framing.kind === 'none' || (framing.kind === 'length' && framing.length === 0)) return undefined;
  return body.takeBuffered() ?? body;
}

function hasPassed(headers: HeaderList, via: string): boolean {
  if (!headers.has('via')) return false;
  return headers.getAll('via').some((value) => value.split(',').some((element) => element.trim() === via));
}

function append(headers: HeaderList, name: string, element: string): void {
  if (headers.has(name)) headers.set(name, [...headers.getAll(name), element].join(', '));
  else headers.add(name, element);
}

export function clientGone(): AutosyncError {
  return new AutosyncError('REQUEST_TIMEOUT', 'The client went away.');
}
