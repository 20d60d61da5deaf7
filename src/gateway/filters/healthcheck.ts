// Answers /healthcheck: this gateway is alive (it says nothing of Swift behind it).
import { textAnswer } from '../answer.js';
import type { Filter } from '../station.js';

export function healthcheck(): Filter {
  return (exchange, next) => {
    const { method, target } = exchange.request;
    if (target !== '/healthcheck' || (method !== 'GET' && method !== 'HEAD')) return next();
    return Promise.resolve(textAnswer(exchange, 200, 'OK'));
  };
}
