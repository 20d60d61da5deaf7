// One request to one server, on a connection of its own. Knows nothing of what is asked.
import { Deadlines } from './deadline.js';
import type { HeaderList } from './headers.js';
import { HttpClient } from './http-client.js';
import { OriginPool } from './origin-pool.js';
import type { ClientAnswer } from './request-sender.js';

export interface Question {
  /** `http://host:port` or `https://…`. */
  readonly origin: string;
  readonly method: 'GET' | 'HEAD';
  /** Percent-encoded. */
  readonly target: string;
  readonly headers?: HeaderList;
}

/** The whole answer, of any status. @throws AutosyncError where there is none within `timeoutMs`; a retry may help */
export async function askOnce(question: Question, timeoutMs: number): Promise<ClientAnswer> {
  const deadlines = new Deadlines();
  const options = { connectTimeoutMs: timeoutMs, silenceMs: timeoutMs, idleMs: 1, maxIdle: 0 };
  const pool = new OriginPool(question.origin, options, deadlines);
  try {
    return await new HttpClient(pool).request({ ...question, timeoutMs });
  } finally {
    pool.close();
    deadlines.close();
  }
}
