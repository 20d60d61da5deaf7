// The rows of account listings: read out of Swift's JSON and XML, and written in each of its formats as its own listing_formats writes
// them, byte for byte. Pure; knows nothing of requests, nor of which clusters the rows are from.

export type Format = 'json' | 'xml' | 'text';

/** A container, or what stands for several in a listing with a delimiter. */
export interface Row {
  readonly name: string;
  readonly isSubdir: boolean;
  /** Objects; 0 for a subdir. */
  readonly count: number;
  readonly bytes: number;
  /** All that a Swift says of it, in its order: newer releases say more. Its `count` and `bytes` may be another cluster's. */
  readonly fields: Fields;
}

type Fields = Readonly<Record<string, string | number>>;

const NUMBERS: ReadonlySet<string> = new Set(['count', 'bytes']);
/** JSON's strings that need no escapes: the common case. */
const PLAIN = /^[ !#-[\]-~]*$/;
const ELEMENT = /<subdir name="([^"]*)" ?\/>|<container>(.*?)<\/container>/gs;
const FIELD = /<(\w+)>([^<]*)<\/\1>/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

/** @returns undefined for what is no listing of rows: text, or none of Swift's */
export function formatOf(contentType: string | undefined): Format | undefined {
  switch (contentType?.split(';')[0]?.trim().toLowerCase()) {
    case 'application/json':
      return 'json';
    case 'application/xml':
    case 'text/xml':
      return 'xml';
    case 'text/plain':
      return 'text';
    default:
      return undefined;
  }
}

/** @returns undefined where it is not what Swift writes */
export function parseJsonRows(body: Buffer): Row[] | undefined {
  let listed: unknown;
  try {
    listed = JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(listed)) return undefined;
  const rows: Row[] = [];
  for (const fields of listed as readonly (Fields | null)[]) {
    const row = fields === null ? undefined : rowOf(fields);
    if (row === undefined) return undefined;
    rows.push(row);
  }
  return rows;
}

/** @returns undefined where it is not what Swift writes */
export function parseXmlRows(body: Buffer): Row[] | undefined {
  const text = body.toString('utf8');
  if (xmlHead(text) === undefined) return undefined;
  const rows: Row[] = [];
  for (const [, subdir, container = ''] of text.matchAll(ELEMENT)) {
    const row = rowOf(subdir === undefined ? xmlFields(container) : { subdir: unescapeXml(subdir) });
    if (row === undefined) return undefined;
    rows.push(row);
  }
  return rows;
}

/** @param like the local Swift's own body in that format, whose beginning names the account */
export function renderRows(rows: readonly Row[], format: Format, like: Buffer): Buffer {
  switch (format) {
    case 'json':
      return Buffer.from(`[${rows.map(renderJson).join(', ')}]`);
    case 'xml':
      return Buffer.from(`${xmlHead(like.toString('utf8')) ?? ''}${rows.map(renderXml).join('')}</account>`);
    case 'text':
      return Buffer.from(rows.map(({ name }) => `${name}\n`).join(''));
  }
}

function rowOf(fields: Fields): Row | undefined {
  const { name, subdir, count = 0, bytes = 0 } = fields;
  const text = name ?? subdir;
  if (typeof text !== 'string' || typeof count !== 'number' || typeof bytes !== 'number') return undefined;
  return { name: text, isSubdir: name === undefined, count, bytes, fields };
}

function renderJson(row: Row): string {
  let text = '';
  for (const key in row.fields) text += `${text === '' ? '' : ', '}"${key}": ${asciiJson(valueOf(row, key))}`;
  return `{${text}}`;
}

function valueOf(row: Row, key: string): string | number {
  return key === 'count' || key === 'bytes' ? row[key] : (row.fields[key] ?? '');
}

/** As Python's json.dumps: what is not ASCII, and DEL, as `\uXXXX`. */
function asciiJson(value: string | number): string {
  if (typeof value === 'number') return String(value);
  if (PLAIN.test(value)) return `"${value}"`;
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function renderXml(row: Row): string {
  if (row.isSubdir) return `<subdir name="${escapeAttribute(row.name)}" />\n`;
  let text = '';
  for (const key in row.fields) text += `<${key}>${escapeXml(String(valueOf(row, key)))}</${key}>`;
  return `<container>${text}</container>\n`;
}

/** All before the first row. */
function xmlHead(text: string): string | undefined {
  return /^.*?<account\b[^>]*>\n?(?=<container>|<subdir |<\/account>)/s.exec(text)?.[0];
}

function xmlFields(container: string): Fields {
  const fields: Record<string, string | number> = {};
  for (const [, key = '', value = ''] of container.matchAll(FIELD))
    fields[key] = NUMBERS.has(key) ? Number(value) : unescapeXml(value);
  return fields;
}

/** As Python's xml.etree does it; line ends stay as they are. */
function escapeXml(text: string): string {
  if (!/[&<>]/.test(text)) return text;
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function escapeAttribute(text: string): string {
  return escapeXml(text)
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\t', '&#09;');
}

function unescapeXml(text: string): string {
  return text.replace(/&(?:#(\d+)|(\w+));/g, (whole, code: string | undefined, name: string | undefined) =>
    code === undefined ? (ENTITIES[name ?? ''] ?? whole) : String.fromCodePoint(Number(code)),
  );
}
