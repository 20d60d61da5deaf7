// An answer whose end takes long: white space goes out meanwhile, as Swift's middleware/bulk.py sends it, so that nobody takes the
// connection for dead.
import { MessageBody } from '../../../http/message-body.js';

/** Swift's yield_frequency. */
const EVERY_MS = 10_000;

/**
 * @param work its text ends the body; where it fails, the body breaks off
 * @param first in place of the first white space: what the text has to begin with
 */
export function slowBody(work: Promise<string>, first: string): MessageBody {
  const body = new MessageBody(
    { kind: 'chunked' },
    { pause: () => undefined, resume: () => undefined, settled: () => clearInterval(timer) },
  );
  let waited = false;
  const send = (text: string): void => {
    const bytes = Buffer.from(text);
    body.feed(Buffer.from(`${bytes.length.toString(16)}\r\n${text}\r\n`));
  };
  const timer = setInterval(() => {
    send(waited ? ' ' : first);
    waited = true;
  }, EVERY_MS);
  work.then(
    (text) => {
      clearInterval(timer);
      send(waited ? `\r\n\r\n${text}` : text);
      body.feed(Buffer.from('0\r\n\r\n'));
    },
    (error: unknown) => {
      clearInterval(timer);
      body.fail(error as Error);
    },
  );
  return body;
}
