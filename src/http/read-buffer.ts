// Reading an accepted connection into memory that is used again and again: half the cost of a new buffer for each read.
import net from 'node:net';

/** Takes what is read. */
export interface Reader {
  /** Where the next bytes are to go; asked anew after each read. */
  buffer(): Buffer;
  /** Takes the bytes, which lie in that buffer. */
  read(chunk: Buffer): void;
}

/**
 * Node reads connections that it opens so (`onread`), but not those that it accepts: their handle is moved into a socket
 * of our own. Where that cannot be (TLS), chunks of their own are read. The accepted socket must be paused.
 */
export function readInto(accepted: net.Socket, reader: Reader): net.Socket {
  const owner = accepted as { _handle?: object | null };
  const handle = owner._handle;
  if (accepted.constructor !== net.Socket || handle === undefined || handle === null) {
    accepted.on('data', (chunk: Buffer) => reader.read(chunk));
    return accepted;
  }
  owner._handle = null;
  const options = {
    handle,
    allowHalfOpen: true,
    onread: {
      buffer: () => reader.buffer(),
      callback: (size: number, buffer: Uint8Array) => {
        reader.read((buffer as Buffer).subarray(0, size));
        return true;
      },
    },
  };
  const socket = new net.Socket(options);
  // The server counts its connections by the sockets it has made.
  socket.once('close', () => accepted.destroy());
  return socket;
}
