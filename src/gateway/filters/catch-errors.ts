// Turns whatever goes wrong further in into an answer, and logs it, once.
import { AutosyncError } from '../../lib/errors.js';
import { errorAnswer } from '../answer.js';
import type { Filter, Logger } from '../station.js';

export function catchErrors(log: Logger): Filter {
  return async (exchange, next) => {
    try {
      return await next();
    } catch (error) {
      const { method, target } = exchange.request;
      const fields = { txn: exchange.id, method, path: target.split('?', 1)[0] };
      if (error instanceof AutosyncError) {
        log.warn({ ...fields, code: error.code }, error.message);
      } else {
        log.error({ ...fields, err: error }, 'a fault of autosync itself');
      }
      return errorAnswer(exchange, error);
    }
  };
}
