// Files in the style of Python's configparser and paste.deploy: text in, sections and line numbers out. Knows no option.

/** A line of a file; line 0 is the file as a whole. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** Something wrong in a file, and what mends it. Never holds the value of an option that could be a secret. */
export interface Problem extends Place {
  readonly message: string;
  readonly fix: string;
}

export interface IniOption extends Place {
  /** Lower-case, without `set`. */
  readonly name: string;
  /** As it was written, without `set`. */
  readonly spelling: string;
  /** Lines joined by newlines; `%(name)s` not yet replaced, see interpolate.ts. */
  readonly value: string;
  /** Written `set name = value`: paste.deploy's way to override a [DEFAULT] for one section. */
  readonly isSet: boolean;
}

export interface IniSection extends Place {
  readonly name: string;
  /** By lower-case name, in the file's order; without what [DEFAULT] gives. */
  readonly options: ReadonlyMap<string, IniOption>;
}

export interface Ini {
  /** [DEFAULT]. */
  readonly defaults: IniSection;
  /** All others by name, in the file's order. */
  readonly sections: ReadonlyMap<string, IniSection>;
}

interface OpenOption extends Omit<IniOption, 'value'> {
  readonly lines: string[];
}

interface OpenSection extends Place {
  readonly name: string;
  readonly options: Map<string, OpenOption>;
}

// What Python's str.isspace() takes for white space; JavaScript's \s has the byte order mark and lacks the separators.
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING = new RegExp(`^${SPACE}*`);
const TRAILING = new RegExp(`${SPACE}+$`);
const SET = new RegExp(`^set${SPACE}+(?=.)`, 's');
const COMMENT = /^(?:[#;]|\\#)/;
const HEADER = /^\[(.+)\]/s;
const OPTION = /^(.*?)[=:](.*)$/s;

function indentOf(line: string): number {
  return LEADING.exec(line)?.[0].length ?? 0;
}

function trimEnd(text: string): string {
  // The regular expression alone would be quadratic in a long run of inner spaces.
  let end = text.length;
  while (end > 0 && TRAILING.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

function trim(text: string): string {
  return trimEnd(text).replace(LEADING, '');
}

/** Reads line after line, as `RawConfigParser._read` of Python 3.11 does, but goes on after what is wrong. */
class Reader {
  readonly problems: Problem[] = [];
  private defaults: OpenSection;
  private readonly sections = new Map<string, OpenSection>();
  private section: OpenSection | undefined;
  private option: OpenOption | undefined;
  private indent = 0;
  private isHeaderMissed = false;

  private readonly file: string;

  constructor(file: string) {
    this.file = file;
    this.defaults = { name: 'DEFAULT', file, line: 0, options: new Map() };
  }

  read(text: string): void {
    text
      .replace(/^\uFEFF/, '')
      .split(/\r\n|\r|\n/)
      .forEach((line, index) => this.readLine(line, index + 1));
  }

  finish(): Ini {
    const close = (section: OpenSection): IniSection => ({
      ...section,
      options: new Map([...section.options].map(([name, option]) => [name, closeOption(option)])),
    });
    const sections = new Map([...this.sections].map(([name, section]) => [name, close(section)]));
    return { defaults: close(this.defaults), sections };
  }

  private readLine(line: string, number: number): void {
    const text = trim(line);
    if (COMMENT.test(text)) return;
    if (text === '') {
      this.option?.lines.push('');
      return;
    }
    const indent = indentOf(line);
    if (this.option !== undefined && indent > this.indent) {
      this.option.lines.push(text);
      return;
    }
    this.indent = indent;
    const header = HEADER.exec(text)?.[1];
    if (header !== undefined) this.openSection(header, number);
    else if (this.section === undefined) this.missHeader(number);
    else this.openOption(this.section, text, number);
  }

  private openSection(name: string, line: number): void {
    this.option = undefined;
    if (name === 'DEFAULT') {
      // A second [DEFAULT] is as good as one, in Python too.
      if (this.defaults.line === 0) this.defaults = { ...this.defaults, line };
      this.section = this.defaults;
      return;
    }
    const known = this.sections.get(name);
    if (known !== undefined) {
      this.report(
        line,
        `Section [${name}] begins twice: on line ${known.line} and on line ${line}.`,
        'Bring the two together under one header.',
      );
    }
    this.section = known ?? { name, file: this.file, line, options: new Map() };
    this.sections.set(name, this.section);
  }

  private openOption(section: OpenSection, text: string, line: number): void {
    const [, left, right] = OPTION.exec(text) ?? [];
    const written = trimEnd(left ?? '');
    if (left === undefined || right === undefined || written === '') {
      // The text is not shown: it may be the rest of a password.
      this.report(
        line,
        'This line is no [section], no "name = value", and not indented as the rest of the value above.',
        'Write "name = value", or put # in front of a comment.',
      );
      return;
    }
    const spelling = written.replace(SET, '');
    const isSet = spelling !== written;
    const name = spelling.toLowerCase();
    this.option = { name, spelling, file: this.file, line, isSet, lines: [trim(right)] };
    const known = section.options.get(name);
    if (known === undefined) {
      section.options.set(name, this.option);
      return;
    }
    this.report(
      line,
      `"${name}" is given twice in [${section.name}]: on line ${known.line} and on line ${line}.`,
      'Keep one of the two lines.',
    );
  }

  private missHeader(line: number): void {
    if (this.isHeaderMissed) return;
    this.isHeaderMissed = true;
    this.report(
      line,
      'This line stands before the first [section].',
      'Put [DEFAULT] or its section above it.',
    );
  }

  private report(line: number, message: string, fix: string): void {
    this.problems.push({ file: this.file, line, message, fix });
  }
}

function closeOption({ lines, ...rest }: OpenOption): IniOption {
  return { ...rest, value: trimEnd(lines.join('\n')) };
}

/**
 * Parses one file. Everything that Python's strict RawConfigParser refuses becomes a problem, all of them at once;
 * what Python reads, reads the same here. Beyond Python, `\#` begins a comment and `set name = value` is understood.
 */
export function parseIni(
  text: string,
  file: string,
): { readonly ini: Ini; readonly problems: readonly Problem[] } {
  const reader = new Reader(file);
  reader.read(text);
  return { ini: reader.finish(), problems: reader.problems };
}

function mergeSection(first: IniSection, later: IniSection): IniSection {
  const place =
    first.line === 0 ? { file: later.file, line: later.line } : { file: first.file, line: first.line };
  return { name: first.name, ...place, options: new Map([...first.options, ...later.options]) };
}

/** Lays files over one another as Swift does with a `conf.d` folder: a later file's options override an earlier one's. */
export function mergeInis(first: Ini, ...others: readonly Ini[]): Ini {
  return others.reduce((merged, later) => {
    const sections = new Map(merged.sections);
    for (const [name, section] of later.sections) {
      const known = sections.get(name);
      sections.set(name, known === undefined ? section : mergeSection(known, section));
    }
    return { defaults: mergeSection(merged.defaults, later.defaults), sections };
  }, first);
}
