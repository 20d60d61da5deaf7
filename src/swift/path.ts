// What a request target means to Swift: account, container, object, or none of these.
// Splits as Swift does, after percent-decoding (common/utils.py split_path; proxy/server.py get_controller).

export type SwiftPath =
  | { readonly kind: 'account'; readonly account: string }
  | { readonly kind: 'container'; readonly account: string; readonly container: string }
  | { readonly kind: 'object'; readonly account: string; readonly container: string; readonly object: string }
  | { readonly kind: 'other' };

const OTHER: SwiftPath = { kind: 'other' };
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a raw request target (latin1 text, query and all). Names come back decoded; what is not valid UTF-8 is `other`: Swift refuses it. */
export function parseSwiftPath(target: string): SwiftPath {
  const query = target.indexOf('?');
  const path = decodePath(query < 0 ? target : target.slice(0, query));
  if (path === undefined || !(path.startsWith('/v1/') || path.startsWith('/v1.0/'))) return OTHER;
  const accountStart = path.indexOf('/', 1) + 1;
  const accountEnd = endOfSegment(path, accountStart);
  const account = path.slice(accountStart, accountEnd);
  if (account === '') return OTHER;
  const containerEnd = endOfSegment(path, accountEnd + 1);
  const container = path.slice(accountEnd + 1, containerEnd);
  const object = path.slice(containerEnd + 1);
  if (container === '') return object === '' ? { kind: 'account', account } : OTHER;
  if (object === '') return { kind: 'container', account, container };
  return { kind: 'object', account, container, object };
}

/**
 * `container/object`, percent-encoded, with or without a slash in front, as `Destination` and `X-Copy-From` name an object
 * (common/request_helpers.py, check_path_header). Undefined for what Swift refuses with 412.
 */
export function parseObjectPath(
  text: string,
): { readonly container: string; readonly object: string } | undefined {
  const path = decodePath(text)?.replace(/^\//, '');
  const slash = path?.indexOf('/') ?? -1;
  if (path === undefined || slash < 1 || slash === path.length - 1) return undefined;
  return { container: path.slice(0, slash), object: path.slice(slash + 1) };
}

/** The value of a query parameter, decoded; undefined when it is not there. Of several the last counts, as in Swift (common/swob.py, params). */
export function queryParameter(target: string, name: string): string | undefined {
  const start = target.indexOf('?');
  if (start < 0) return undefined;
  let value: string | undefined;
  for (const field of target.slice(start + 1).split('&')) {
    const equals = field.indexOf('=');
    const key = equals < 0 ? field : field.slice(0, equals);
    if (field !== '' && decodeQuery(key) === name)
      value = decodeQuery(equals < 0 ? '' : field.slice(equals + 1));
  }
  return value;
}

/** `/v1/account[/container[/object]]`, percent-encoded; `/` inside an object name stays. */
export function swiftTarget(account: string, container?: string, object?: string): string {
  let target = `/v1/${encodeName(account)}`;
  if (container !== undefined) target += `/${encodeName(container)}`;
  if (object !== undefined) target += `/${quotePath(object)}`;
  return target;
}

/** Percent-encodes a path as Python's `quote` does: its slashes stay. */
export function quotePath(path: string): string {
  return path.split('/').map(encodeName).join('/');
}

/** Percent-encodes a name as Python's `quote` with no safe characters does. */
export function encodeName(name: string): string {
  return encodeURIComponent(name).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function endOfSegment(path: string, start: number): number {
  const slash = path.indexOf('/', start);
  return slash < 0 ? path.length : slash;
}

/** Visible ASCII without `%`: the common case, which needs no decoding. */
const PLAIN = /^[\x21-\x24\x26-\x7e]*$/;

/** @returns undefined for what Swift refuses with 412: invalid UTF-8, or a NUL */
export function decodePath(path: string): string | undefined {
  if (PLAIN.test(path)) return path;
  try {
    const decoded = DECODER.decode(unescapeBytes(path));
    return decoded.includes('\0') ? undefined : decoded;
  } catch {
    return undefined;
  }
}

function decodeQuery(text: string): string {
  return unescapeBytes(text.replaceAll('+', ' ')).toString('utf8');
}

/** Latin1 text without its percent-encoding; what is no hex stays. */
export function unescapeBytes(text: string): Buffer {
  const latin1 = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return Buffer.from(latin1, 'latin1');
}
