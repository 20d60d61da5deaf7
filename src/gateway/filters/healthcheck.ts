// Answers /healthcheck as Swift's filter of that name does: this gateway is alive (it says nothing of Swift behind it).
import { HeaderList } from '../../http/headers.js';
import type { Filter } from '../station.js';

export function healthcheck(): Filter {
  return (exchange, next) => {
    if (exchange.request.target.split('?', 1)[0] !== '/healthcheck') return next();
    const headers = HeaderList.from([
      ['Content-Type', 'text/plain'],
      ['Content-Length', '2'],
      ['X-Trans-Id', exchange.id],
      ['Date', new Date().toUTCString()],
    ]);
    return Promise.resolve({ status: 200, reason: 'OK', headers, body: Buffer.from('OK') });
  };
}
