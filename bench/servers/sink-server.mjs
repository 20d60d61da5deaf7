// A backend that throws request bodies away and counts them. `node sink-server.mjs PORT`; knows just enough HTTP/1.1 for that. Plain Node.
// PUT: reads the body, then 201. PUT of a path that ends in `stalled`: never reads it. GET: how many body bytes came so far.
import { createServer } from 'node:net';

const HEAD_END = '\r\n\r\n';
let received = 0;

class Connection {
  #socket;
  #head = Buffer.alloc(0);
  #remaining = 0;

  constructor(socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', () => undefined);
  }

  #read(chunk) {
    if (this.#remaining > 0) {
      this.#takeBody(chunk.length);
      return;
    }
    this.#head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) return;
    const head = this.#head.toString('latin1', 0, end);
    const bodyBytes = this.#head.length - end - HEAD_END.length;
    this.#head = Buffer.alloc(0);
    this.#begin(head, bodyBytes);
  }

  #begin(head, bodyBytes) {
    const [method = '', target = ''] = head.split(' ', 2);
    if (method !== 'PUT') {
      this.#answer('200 OK', String(received));
      return;
    }
    if (target.endsWith('stalled')) this.#socket.pause();
    this.#remaining = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    if (this.#remaining === 0) this.#answer('201 Created', '');
    else if (bodyBytes > 0) this.#takeBody(bodyBytes);
  }

  #takeBody(size) {
    received += size;
    this.#remaining -= size;
    if (this.#remaining === 0) this.#answer('201 Created', '');
  }

  #answer(status, body) {
    this.#socket.write(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  }
}

createServer((socket) => new Connection(socket)).listen({
  port: Number(process.argv[2]),
  host: '127.0.0.1',
  backlog: 4096,
});
