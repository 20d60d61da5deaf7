// What Swift says of a bulk delete as a whole, read as it passes: whether anything was deleted at all (middleware/bulk.py, in each of its formats).

/** The numbers come before the names, which may be many; white space that keeps the connection alive comes before all. */
const KEPT_CHARS = 4_096;
const DELETED = /number[ _]deleted(?:"?: |>)(\d+)/i;

export class BulkReport {
  #text = '';

  push(chunk: Buffer): void {
    if (this.#text.length < KEPT_CHARS)
      this.#text = (this.#text + chunk.toString('latin1')).replace(/\s+/g, ' ').slice(0, KEPT_CHARS);
  }

  /** False where it does not say. */
  get hasDeleted(): boolean {
    return Number(DELETED.exec(this.#text)?.[1] ?? 0) > 0;
  }
}
