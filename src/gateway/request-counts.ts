// Counts requests as they are answered, by method and class of status: few enough names for any client's invention.
import type { RequestHandler } from '../http/server-connection.js';
import type { Counters } from './counters.js';

const METHODS = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'COPY', 'OPTIONS']);

/** As `requests:GET:2xx`. A request whose handling fails is not answered, and not counted. */
export function countRequests(handler: RequestHandler, counters: Counters): RequestHandler {
  return async (request) => {
    const response = await handler(request);
    const method = METHODS.has(request.method) ? request.method : 'other';
    counters.add(`requests:${method}:${Math.floor(response.status / 100)}xx`);
    return response;
  };
}
