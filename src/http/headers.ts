// An ordered list of HTTP header fields: what a client or Swift sent, in its own order, spelling and number.

/**
 * Whether two names are one to Swift: without case, and `_` is `-`, as its WSGI server makes both an environment
 * variable (eventlet/wsgi.py, get_environ). Comparing names any other way lets `X_Container_Sync_Key` slip through.
 */
export function isSameName(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right && fold(left) !== fold(right)) return false;
  }
  return true;
}

function fold(code: number): number {
  if (code === 0x5f) return 0x2d;
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}

/** Some header names, to ask quickly whether a name is one of them. */
export class NameSet {
  readonly #byLength: string[][] = [];

  constructor(names: readonly string[]) {
    for (const name of names) (this.#byLength[name.length] ??= []).push(name);
  }

  has(name: string): boolean {
    const candidates = this.#byLength[name.length];
    if (candidates === undefined) return false;
    for (const candidate of candidates) if (isSameName(candidate, name)) return true;
    return false;
  }
}

/** Header fields as they stand on the wire, latin1 text. Order, case and duplicates are kept; names compare by `isSameName`. */
export class HeaderList {
  /** Name, value, name, value, … as on the wire. */
  readonly raw: string[];

  constructor(raw: string[] = []) {
    this.raw = raw;
  }

  static from(fields: Iterable<readonly [string, string]> | Readonly<Record<string, string>>): HeaderList {
    const list = new HeaderList();
    const entries = Symbol.iterator in fields ? fields : Object.entries(fields);
    for (const [name, value] of entries) list.raw.push(name, value);
    return list;
  }

  clone(): HeaderList {
    return new HeaderList(this.raw.slice());
  }

  /** The first value of that name. */
  get(name: string): string | undefined {
    const index = this.#indexOf(name);
    return index < 0 ? undefined : this.raw[index + 1];
  }

  getAll(name: string): string[] {
    const values: string[] = [];
    const raw = this.raw;
    for (let i = 0; i < raw.length; i += 2) {
      if (isSameName(raw[i] as string, name)) values.push(raw[i + 1] as string);
    }
    return values;
  }

  /** All values of that name in one, as Swift reads a client's headers (eventlet/wsgi.py, get_environ). */
  joined(name: string): string | undefined {
    const values = this.getAll(name);
    return values.length === 0 ? undefined : values.join(',');
  }

  has(name: string): boolean {
    return this.#indexOf(name) >= 0;
  }

  /** Appends a field, whatever is there already. */
  add(name: string, value: string): this {
    this.raw.push(name, value);
    return this;
  }

  /** Replaces the first field of that name in its place and removes the others; appends where there is none. */
  set(name: string, value: string): this {
    const index = this.#indexOf(name);
    if (index < 0) return this.add(name, value);
    this.raw[index + 1] = value;
    for (let i = this.raw.length - 2; i > index; i -= 2) {
      if (isSameName(this.raw[i] as string, name)) this.raw.splice(i, 2);
    }
    return this;
  }

  /** Removes all fields of that name; says whether there was one. */
  remove(name: string): boolean {
    return this.has(name) && this.retain((field) => !isSameName(field, name));
  }

  /** Removes the fields whose name, in lower case and with `-` for `_`, the test accepts; says whether there was one. */
  removeWhere(test: (lowerName: string, value: string) => boolean): boolean {
    return this.retain((field, value) => !test(field.toLowerCase().replaceAll('_', '-'), value));
  }

  /** Removes the fields that the test does not accept; says whether there was one. */
  retain(isKept: (name: string, value: string) => boolean): boolean {
    const raw = this.raw;
    let kept = 0;
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] as string;
      const value = raw[i + 1] as string;
      if (!isKept(name, value)) continue;
      raw[kept] = name;
      raw[kept + 1] = value;
      kept += 2;
    }
    const isShorter = kept < raw.length;
    raw.length = kept;
    return isShorter;
  }

  *[Symbol.iterator](): Generator<readonly [string, string]> {
    for (let i = 0; i < this.raw.length; i += 2) yield [this.raw[i] as string, this.raw[i + 1] as string];
  }

  #indexOf(name: string): number {
    const raw = this.raw;
    for (let i = 0; i < raw.length; i += 2) if (isSameName(raw[i] as string, name)) return i;
    return -1;
  }
}
