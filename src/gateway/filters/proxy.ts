// The app at the end of the pipeline: hands the request to the local Swift as it came, and its answer back as it comes.
import type { Transport } from '../../http/http-client.js';
import { formatHead, removeHopByHop } from '../../http/head.js';
import type { HeaderList } from '../../http/headers.js';
import { MessageBody } from '../../http/message-body.js';
import { textAnswer } from '../answer.js';
import type { App, IncomingRequest } from '../station.js';

/** Methods that do the same when they are done twice (RFC 9110, section 9.2.2, and Swift's COPY is not one of them). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);

/** `name` stands in Via; a request that has passed it before goes in a circle and is refused. */
export function proxy(transport: Transport, name: string): App {
  const via = `1.1 ${name}`;
  return async (exchange) => {
    const { request } = exchange;
    const { method, headers, body } = request;
    removeHopByHop(headers);
    if (request.framing.kind === 'chunked') headers.remove('trailer');
    const before = headers.getAll('via').join(', ');
    if (before.includes(via)) {
      return textAnswer(
        exchange,
        508,
        'The request came back to this gateway: [app:proxy] upstream must name the Swift proxies.',
      );
    }
    headers.set('Via', before === '' ? via : `${before}, ${via}`);
    forwardFor(headers, request);
    const response = await transport.send({
      method,
      head: formatHead(`${method} ${request.target} HTTP/1.1`, headers),
      body: outgoingBody(body),
      isIdempotent: IDEMPOTENT.has(method),
      onInformation: (head) => request.inform(head.status, head.reason, head.headers),
      onStart: (abort) => {
        if (!exchange.outlivesClient) request.onGone = abort;
      },
    });
    removeHopByHop(response.headers);
    return response;
  };
}

/** A body that is here whole can be sent again on a new connection; any other streams. */
function outgoingBody(body: MessageBody): MessageBody | Buffer | undefined {
  if (body.framing.kind === 'none') return undefined;
  return body.takeBuffered() ?? body;
}

function forwardFor(headers: HeaderList, request: IncomingRequest): void {
  const address = request.remoteAddress.replace(/^::ffff:/, '');
  const before = headers.getAll('x-forwarded-for').join(', ');
  headers.set('X-Forwarded-For', before === '' ? address : `${before}, ${address}`);
}
