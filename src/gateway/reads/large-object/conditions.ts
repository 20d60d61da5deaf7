// What If-Match, If-None-Match, If-Modified-Since and If-Unmodified-Since make of an answer, in Swift's order (common/swob.py, Response). Pure.
import type { HeaderList } from '../../../http/headers.js';

/**
 * The status that takes the place of 200; undefined: none does.
 * @param answer has the ETag and Last-Modified that the object would be answered with
 */
export function conditionStatus(asked: HeaderList, answer: HeaderList): 304 | 412 | undefined {
  const etag = answer.get('etag')?.replaceAll('"', '') ?? '';
  const isNamed = (header: string): boolean | undefined => names(combined(asked, header), etag);
  if (isNamed('if-none-match') === true) return 304;
  if (isNamed('if-match') === false) return 412;
  const modified = date(answer.get('last-modified'));
  if (modified <= date(asked.get('if-modified-since'))) return 304;
  if (modified > date(asked.get('if-unmodified-since'))) return 412;
  return undefined;
}

/** Undefined where there is no list. */
function names(list: string | undefined, etag: string): boolean | undefined {
  return list?.split(',').some((element) => {
    const tag = element.trim();
    return tag === '*' || (tag !== '' && tag.replace(/^"(.*)"$/, '$1') === etag);
  });
}

function combined(headers: HeaderList, name: string): string | undefined {
  return headers.has(name) ? headers.getAll(name).join(',') : undefined;
}

/** NaN, which is neither before nor after anything, for none. HTTP's dates are all UTC; the oldest form does not say so. */
function date(text: string | undefined): number {
  if (text === undefined) return NaN;
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
}
