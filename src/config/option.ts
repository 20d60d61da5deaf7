// What an option is, and how a table of options becomes the type of their values. Knows no particular option.

/** What came of a value's text: the value, or what is wrong with it and what to write instead. */
export type Parsed<T> = { readonly value: T } | { readonly wrong: string; readonly fix: string };

/** A kind of value. `Suffix` is what its unit adds to the name in the program: `peer_timeout` → `peerTimeoutMs`. */
export interface ValueType<T, Suffix extends string = ''> {
  /** In words, with the unit: "seconds", "list of hosts". */
  readonly words: string;
  /** What is allowed, in words; empty where anything is. */
  readonly range: string;
  readonly suffix: Suffix;
  /** Where a relative path starts from is known only with the file; see `paths`. */
  readonly isPath?: boolean;
  readonly parse: (text: string) => Parsed<T>;
}

interface Spec {
  /** One or more sentences for the operator, for the sample file and the reference. */
  readonly doc: string;
  /** As it would be written in the file. */
  readonly default?: string;
  /** Where the default depends on other things: what it is, in words. */
  readonly defaultWords?: string;
  readonly isRequired?: true;
  /** What the sample file shows where there is no default. */
  readonly example?: string;
}

/** One option: its type, default and documentation. */
export interface Option<T, Suffix extends string = string> extends ValueType<T, Suffix> {
  readonly doc: string;
  readonly default: T | undefined;
  readonly defaultText: string | undefined;
  readonly defaultWords: string | undefined;
  readonly isRequired: boolean;
  readonly example: string | undefined;
}

/** The options of one section, by the names of the file. */
export type Table = Readonly<Record<string, Option<unknown>>>;

type HasValue = { readonly default: string } | { readonly isRequired: true };

/** Puts an option together. It always has a value where it has a default or is required. */
export function option<T, Suffix extends string, const S extends Spec>(
  type: ValueType<T, Suffix>,
  spec: S,
): Option<S extends HasValue ? T : T | undefined, Suffix> {
  const parsed = spec.default === undefined ? { value: undefined } : type.parse(spec.default);
  if ('wrong' in parsed) throw new TypeError(`A default that is no value: ${parsed.wrong}`);
  const { doc, defaultWords, example } = spec;
  const rest = {
    doc,
    defaultWords,
    example,
    defaultText: spec.default,
    isRequired: spec.isRequired ?? false,
  };
  return { ...type, ...rest, default: parsed.value };
}

type Camel<S extends string> = S extends `${infer Head}_${infer Rest}`
  ? `${Head}${Capitalize<Camel<Rest>>}`
  : S;

type SuffixOf<O> = O extends Option<unknown, infer Suffix> ? Suffix : never;

/** The values of a table: `{ peer_timeout: seconds }` gives `{ peerTimeoutMs: number }`. */
export type Values<T extends Table> = {
  readonly [Name in keyof T & string as `${Camel<Name>}${SuffixOf<T[Name]>}`]: T[Name] extends Option<infer V>
    ? V
    : never;
};

/** The name of an option's value in the program, the same as {@link Values} has it. */
export function valueName(name: string, { suffix }: Option<unknown>): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) + suffix;
}
