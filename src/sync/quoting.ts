// Percent-encoding exactly as Python's urllib does it, since Swift signs over its output. Knows nothing of paths or URLs.

/**
 * Python's `quote(text, safe='/', encoding='latin-1')`, swob's wsgi_quote.
 *
 * @param bytes one character per byte (latin1 text)
 */
export function quoteBytes(bytes: string): string {
  return bytes.replace(/[\x00-\xff]/g, (char) => QUOTED[char.charCodeAt(0)] as string);
}

/** Python's `unquote(text, encoding='latin-1')`: escapes that are none stay as they are. One character per byte, in and out. */
export function unquoteBytes(quoted: string): string {
  if (!quoted.includes('%')) return quoted;
  return quoted.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** One part of a path, such as a container's name: quoted as UTF-8, and its slashes as well. */
export function quotePart(name: string): string {
  return quoteBytes(Buffer.from(name, 'utf8').toString('latin1')).replaceAll('/', '%2F');
}

/** The name that a quoted part stands for, or undefined where its bytes are not UTF-8: Swift knows no such names. */
export function unquotePart(quoted: string): string | undefined {
  try {
    return strictUtf8.decode(Buffer.from(unquoteBytes(quoted), 'latin1'));
  } catch {
    return undefined;
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const QUOTED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  return /[A-Za-z0-9_.~/-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});
