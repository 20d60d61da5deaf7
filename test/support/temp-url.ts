// Links that open one object to whoever has them, signed as Swift's TempURL wants them (middleware/tempurl.py).
import { createHmac } from 'node:crypto';

export interface TempUrlOptions {
  /** Unix seconds; in five minutes otherwise. */
  readonly expires?: number;
  readonly digest?: 'sha1' | 'sha256' | 'sha512';
}

/** @param target the path, raw, without a query; @returns the same with the query that opens it */
export function tempUrl(
  method: string,
  target: string,
  key: string,
  { expires = Math.floor(Date.now() / 1000) + 300, digest = 'sha256' }: TempUrlOptions = {},
): string {
  const signature = createHmac(digest, key).update(`${method}\n${expires}\n${target}`).digest('hex');
  return `${target}?temp_url_sig=${signature}&temp_url_expires=${expires}`;
}
