// What a trace of a history shows of a request.
import type { HeaderList } from '../../src/http/headers.js';
import { parseRecord } from '../../src/records/record.js';

const SHOWN = /^x-container-(?:meta|read|sync-to)/i;

/** What a record says, in short: values with the last digits of their versions. */
export function recordIn(target: string, body: string | Buffer): string {
  if (!/\/autosync\/[ca]\//.test(target) || body.length === 0) return '';
  const { desired, seen } = parseRecord(Buffer.from(body));
  const shown = [...desired].map(([name, { value, version }]) => ` ${name}=${value}@${version.slice(8)}`);
  const known = [...seen].map(([name, { value }]) => ` ${name}=${value.slice(0, 4)}`);
  return `${shown.join('')}; seen${known.join('')}`;
}

/** The headers that matter to a container's copies. */
export function headersIn(headers: HeaderList | undefined): string {
  const shown = [...(headers ?? [])].filter(([name]) => SHOWN.test(name));
  return shown.map(([name, value]) => ` ${name}=${value}`).join('');
}
