// An ordered list of HTTP header fields: what a client or Swift sent, in its own order, spelling and number.

/** Header fields as they stand on the wire. Names compare without case; order, case and duplicates are kept. Values are latin1 text. */
export class HeaderList {
  /** Name, value, name, value, … as on the wire. */
  readonly raw: string[];

  constructor(raw: string[] = []) {
    this.raw = raw;
  }

  static from(fields: Iterable<readonly [string, string]> | Readonly<Record<string, string>>): HeaderList {
    const list = new HeaderList();
    const entries =
      Symbol.iterator in fields ? (fields as Iterable<readonly [string, string]>) : Object.entries(fields);
    for (const [name, value] of entries) list.raw.push(name, value);
    return list;
  }

  clone(): HeaderList {
    return new HeaderList(this.raw.slice());
  }

  /** The first value of that name. */
  get(name: string): string | undefined {
    const index = this.indexOf(name);
    return index < 0 ? undefined : this.raw[index + 1];
  }

  getAll(name: string): string[] {
    const wanted = name.toLowerCase();
    const values: string[] = [];
    for (const [field, value] of this) if (field.toLowerCase() === wanted) values.push(value);
    return values;
  }

  has(name: string): boolean {
    return this.indexOf(name) >= 0;
  }

  /** Appends a field, whatever is there already. */
  add(name: string, value: string): this {
    this.raw.push(name, value);
    return this;
  }

  /** Replaces the first field of that name in its place and removes the others; appends where there is none. */
  set(name: string, value: string): this {
    const index = this.indexOf(name);
    if (index < 0) return this.add(name, value);
    this.raw[index + 1] = value;
    const wanted = name.toLowerCase();
    for (let i = this.raw.length - 2; i > index; i -= 2) {
      if (this.raw[i]?.toLowerCase() === wanted) this.raw.splice(i, 2);
    }
    return this;
  }

  /** Removes all fields of that name; says whether there was one. */
  remove(name: string): boolean {
    const wanted = name.toLowerCase();
    return this.removeWhere((field) => field === wanted);
  }

  /** Removes the fields whose lower-case name the test accepts; says whether there was one. */
  removeWhere(test: (lowerName: string, value: string) => boolean): boolean {
    const raw = this.raw;
    let kept = 0;
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] as string;
      const value = raw[i + 1] as string;
      if (test(name.toLowerCase(), value)) continue;
      raw[kept] = name;
      raw[kept + 1] = value;
      kept += 2;
    }
    const isRemoved = kept < raw.length;
    raw.length = kept;
    return isRemoved;
  }

  *[Symbol.iterator](): Generator<readonly [string, string]> {
    for (let i = 0; i < this.raw.length; i += 2) yield [this.raw[i] as string, this.raw[i + 1] as string];
  }

  private indexOf(name: string): number {
    const wanted = name.toLowerCase();
    const raw = this.raw;
    for (let i = 0; i < raw.length; i += 2) {
      const field = raw[i] as string;
      if (field.length === wanted.length && field.toLowerCase() === wanted) return i;
    }
    return -1;
  }
}
