// What became of the names of a bulk delete, in the words and formats of Swift's middleware/bulk.py. Pure.
import { STATUS_CODES } from 'node:http';
import { quoteBytes } from '../../../swift/bulk-body.js';

export type BulkFormat = 'text' | 'json' | 'xml';

export class BulkOutcome {
  readonly #maxFailures: number;
  readonly #failures: (readonly [name: string, status: string])[] = [];
  #deleted = 0;
  #notFound = 0;
  #isServersFault = false;

  /** @param maxFailures with as many, Swift gives up (max_failed_deletes) */
  constructor(maxFailures: number) {
    this.#maxFailures = maxFailures;
  }

  get isHopeless(): boolean {
    return this.#failures.length >= this.#maxFailures;
  }

  /** @param name bytes as latin1 */
  add(name: string, status: number, reason = STATUS_CODES[status] ?? ''): void {
    if (status >= 200 && status < 300) this.#deleted += 1;
    else if (status === 404) this.#notFound += 1;
    else {
      if (status >= 500) this.#isServersFault = true;
      this.#failures.push([quoteBytes(name), `${status} ${reason}`]);
    }
  }

  format(format: BulkFormat): string {
    const [status, text] = this.#verdict();
    const fields = [
      ['Response Status', status],
      ['Response Body', text],
      ['Number Deleted', this.#deleted],
      ['Number Not Found', this.#notFound],
    ] as const;
    switch (format) {
      case 'json':
        return inJson(fields, this.#failures);
      case 'xml':
        return inXml([...fields].sort(), this.#failures);
      case 'text':
        return inText([...fields].sort(), this.#failures);
    }
  }

  #verdict(): readonly [status: string, text: string] {
    if (this.isHopeless) return ['400 Bad Request', 'Max delete failures exceeded'];
    if (this.#failures.length > 0) return [this.#isServersFault ? '502 Bad Gateway' : '400 Bad Request', ''];
    return this.#deleted + this.#notFound > 0 ? ['200 OK', ''] : ['400 Bad Request', 'Invalid bulk delete.'];
  }
}

type Fields = readonly (readonly [name: string, value: string | number])[];
type Failures = readonly (readonly [name: string, status: string])[];

/** With spaces as Python's json.dumps has them. */
function inJson(fields: Fields, failures: Failures): string {
  const pairs = fields.map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  const errors = failures.map((failure) => `[${failure.map((each) => JSON.stringify(each)).join(', ')}]`);
  return `{${[...pairs, `"Errors": [${errors.join(', ')}]`].join(', ')}}`;
}

function inXml(fields: Fields, failures: Failures): string {
  const element = (name: string, value: string | number): string =>
    `<${name}>${String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</${name}>`;
  const values = fields.map(
    ([name, value]) => `${element(name.replaceAll(' ', '_').toLowerCase(), value)}\n`,
  );
  const errors = failures.map(
    ([name, status]) => `<object>${element('name', name)}${element('status', status)}</object>\n`,
  );
  return `<delete>\n${values.join('')}<errors>\n${errors.join('')}</errors>\n</delete>\n`;
}

function inText(fields: Fields, failures: Failures): string {
  const lines = [
    ...fields.map((field) => field.join(': ')),
    'Errors:',
    ...failures.map((each) => each.join(', ')),
  ];
  return `${lines.join('\n')}\n`;
}
