// Writes Swift's ini files: sections to text, overrides merged, one key changed in a text. Reads nothing back.

/** Sections of an ini file in the order they are written. */
export type Sections = Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;

/** What to change in sections: a value sets a key, `null` removes it; sections are made where they are missing. */
export type SectionOverrides = Readonly<
  Record<string, Readonly<Record<string, string | number | boolean | null>>>
>;

/** Renders sections as Swift reads them, `[DEFAULT]` and all others in their order. */
export function renderIni(sections: Sections): string {
  return Object.entries(sections)
    .map(([name, keys]) => {
      const lines = Object.entries(keys).map(([key, value]) => `${key} = ${value}`);
      return [`[${name}]`, ...lines].join('\n') + '\n';
    })
    .join('\n');
}

/** Sections with the overrides put over them, in order; later overrides win. */
export function mergeSections(base: Sections, ...overrides: (SectionOverrides | undefined)[]): Sections {
  const merged: Record<string, Record<string, string | number | boolean>> = {};
  for (const [name, keys] of Object.entries(base)) merged[name] = { ...keys };
  for (const override of overrides) {
    for (const [name, keys] of Object.entries(override ?? {})) {
      const kept = Object.entries({ ...merged[name], ...keys }).filter(([, value]) => value !== null);
      merged[name] = Object.fromEntries(kept) as Record<string, string | number | boolean>;
    }
  }
  return merged;
}

/**
 * The text with `key = value` in the section, replacing the key's own lines there, `set key = …` included.
 * `null` removes the key. The section is appended where there is none.
 */
export function setInText(text: string, section: string, key: string, value: string | null): string {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.trim() === `[${section}]`);
  if (start < 0) return value === null ? text : `${text.trimEnd()}\n\n[${section}]\n${key} = ${value}\n`;
  const next = lines.findIndex((line, index) => index > start && line.startsWith('['));
  const end = next < 0 ? lines.length : next;
  const body = lines.slice(start + 1, end).filter((line) => keyOf(line) !== key);
  const added = value === null ? [] : [`${key} = ${value}`];
  return [...lines.slice(0, start + 1), ...added, ...body, ...lines.slice(end)].join('\n');
}

function keyOf(line: string): string | undefined {
  return /^(?:set\s+)?([^\s=:#;[]+)\s*[=:]/.exec(line)?.[1];
}
