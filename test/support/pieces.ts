// A body as it comes over a connection: in pieces, whose memory the next ones are read into.

/** Calls `push` with the pieces between these places, one after the other. */
export function inPieces(
  body: string | Buffer,
  cuts: readonly number[],
  push: (piece: Buffer) => void,
): void {
  const bytes = Buffer.from(body);
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  for (const [i, place] of [...places, bytes.length].entries()) {
    const piece = Buffer.from(bytes.subarray(places[i - 1] ?? 0, place));
    push(piece);
    piece.fill('#');
  }
}
