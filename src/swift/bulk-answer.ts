// What Swift says of many names at once: as text, JSON or XML (common/middleware/bulk.py, get_response_body). Pure.
import { quotePath } from './path.js';

const FORMATS = ['text/plain', 'application/json', 'application/xml', 'text/xml'] as const;
export type BulkFormat = (typeof FORMATS)[number];

/** A name, percent-encoded, and what is wrong with it. */
export type Problem = readonly [name: string, what: string];

/** The form that a client asks for; text where it asks for none that there is. */
export function bulkFormat(accept = ''): BulkFormat {
  const wishes = accept
    .split(',')
    .map((element) => {
      const [type = '', ...parameters] = element.split(';').map((part) => part.trim().toLowerCase());
      const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return { type, quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
  for (const { type } of wishes) {
    const found = FORMATS.find(
      (format) => type === '*/*' || type === format || type === `${format.split('/')[0] as string}/*`,
    );
    if (found !== undefined) return found;
  }
  return 'text/plain';
}

/** Python's `quote` of a name. */
export function problem(name: string, what: string): Problem {
  return [quotePath(name), what];
}

/** @param root of XML: what was done */
export function renderBulk(
  format: BulkFormat,
  said: Readonly<Record<string, string | number>>,
  problems: readonly Problem[],
  root: 'delete' | 'upload',
): Buffer {
  if (format === 'application/json') return Buffer.from(JSON.stringify({ ...said, Errors: problems }));
  const fields = Object.entries(said).sort(([a], [b]) => (a < b ? -1 : 1));
  if (format === 'text/plain') {
    const lines = fields.map(([name, value]) => `${name}: ${value}\n`);
    return Buffer.from(
      `${lines.join('')}Errors:\n${problems.map((each) => `${each.join(', ')}\n`).join('')}`,
    );
  }
  const inside = fields.map(([name, value]) => {
    const tag = name.replaceAll(' ', '_').toLowerCase();
    return `<${tag}>${escapeXml(String(value))}</${tag}>\n`;
  });
  const errors = problems.map(
    ([name, what]) => `<object><name>${escapeXml(name)}</name><status>${escapeXml(what)}</status></object>\n`,
  );
  return Buffer.from(`<${root}>\n${inside.join('')}<errors>\n${errors.join('')}</errors>\n</${root}>\n`);
}

/** The names in such an answer, percent-encoded, and what is wrong with each; none where it is no such answer. */
export function readProblems(body: string): readonly Problem[] {
  if (body.startsWith('{')) return problemsInJson(body);
  if (body.startsWith('<'))
    return [...body.matchAll(/<object><name>(.*?)<\/name><status>(.*?)<\/status><\/object>/g)].map(
      ([, name = '', what = '']) => [unescapeXml(name), unescapeXml(what)],
    );
  const [, list] = /^(?:[\w ]+: .*\n)*Errors:\n([^]*)$/.exec(body) ?? [];
  return [...(list ?? '').matchAll(/^(.*?), (.*)$/gm)].map(([, name = '', what = '']) => [name, what]);
}

function problemsInJson(body: string): readonly Problem[] {
  try {
    const { Errors: errors } = JSON.parse(body) as { readonly Errors?: unknown };
    return Array.isArray(errors) ? (errors as Problem[]) : [];
  } catch {
    return [];
  }
}

function unescapeXml(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
